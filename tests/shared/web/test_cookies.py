"""Cookies are read as they were set, and signed values cannot be made or changed by a browser."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.types import Scope

from shared.clock import ManualClock
from shared.web.cookies import OURS, SESSION, SIGN_IN, Signed, drop, put, read, sends_ours

SECRET = "s" * 40
NOW = ManualClock().now()
SOON = NOW + timedelta(minutes=10)


def sent(*lines: str) -> Scope:
    return {"type": "http", "headers": [(b"cookie", line.encode("latin-1")) for line in lines]}


def set_cookie(name: str, value: str, lasts: timedelta | None = None) -> str:
    response = Response()
    put(response, name, value, lasts)
    return response.headers["set-cookie"]


@pytest.mark.parametrize("name", OURS)
def test_a_browser_keeps_it_from_scripts_other_hosts_and_plain_text(name: str) -> None:
    assert name.startswith("__Host-")
    assert set_cookie(name, "abc") == f"{name}=abc; Path=/; Secure; HttpOnly; SameSite=Lax"


def test_it_may_last() -> None:
    assert "; Max-Age=600; " in f"{set_cookie(SIGN_IN, 'abc', timedelta(minutes=10))} "[1:]


def test_it_can_be_forgotten() -> None:
    response = Response()
    drop(response, SESSION)
    assert response.headers["set-cookie"].startswith(f"{SESSION}=; Max-Age=0; Path=/; Secure")


@pytest.mark.parametrize("value", ["a b", "a;b", "a\r\nX: y", "a,b", 'a"', "é", "x" * 4000])
def test_a_value_cannot_bring_anything_else_in(value: str) -> None:
    with pytest.raises(ValueError, match="URL-safe"):
        set_cookie(SESSION, value)


def test_no_other_cookie_can_be_set() -> None:
    with pytest.raises(ValueError, match="no cookie of ours"):
        set_cookie("session", "abc")


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([f"{SESSION}=abc"], "abc"),
        ([f"other=1; {SESSION}=abc; more=2"], "abc"),
        (["other=1", f"{SESSION}=abc"], "abc"),
        ([f"{SESSION}=abc; {SESSION}=def"], None),
        ([f"{SESSION}=abc", f"{SESSION}=abc"], None),
        ([f"{SESSION}="], None),
        ([f"{SESSION.lower()}=abc"], None),
        (["other=1"], None),
        ([";;=;é=1"], None),
        ([], None),
    ],
)
def test_it_is_read_only_where_it_is_clear(lines: list[str], value: str | None) -> None:
    assert read(sent(*lines), SESSION) == value


def test_two_of_one_name_are_still_cookies_of_ours() -> None:
    assert sends_ours(sent(f"{SESSION}=abc; {SESSION}=def"))
    assert not sends_ours(sent("other=1"))


def test_what_was_signed_is_read() -> None:
    signed = Signed(SECRET, "sign-in")
    values = {"state": "abc", "return": "/a?b=é"}
    token = signed.sign(values, until=SOON)
    assert signed.read(token, now=NOW) == values
    assert set_cookie(SIGN_IN, token)


def test_it_ends_on_time() -> None:
    signed = Signed(SECRET, "sign-in")
    token = signed.sign({"state": "abc"}, until=SOON)
    assert signed.read(token, now=SOON - timedelta(milliseconds=1)) == {"state": "abc"}
    assert signed.read(token, now=SOON) is None


@pytest.mark.parametrize("other", [Signed(SECRET, "reset"), Signed("t" * 40, "sign-in")])
def test_another_purpose_or_secret_reads_nothing(other: Signed) -> None:
    token = other.sign({"state": "abc"}, until=SOON)
    assert Signed(SECRET, "sign-in").read(token, now=NOW) is None


@pytest.mark.parametrize("token", [None, "", "abc", "é", "====", "A" * 60, "+" * 64])
def test_what_is_no_token_is_none(token: str | None) -> None:
    assert Signed(SECRET, "sign-in").read(token, now=NOW) is None


@given(place=st.integers(min_value=0, max_value=10_000), letter=st.sampled_from("AZaz09-_"))
def test_a_changed_letter_is_noticed(place: int, letter: str) -> None:
    signed = Signed(SECRET, "sign-in")
    token = signed.sign({"state": "abc"}, until=SOON)
    at = place % (len(token) - 1)
    changed = token[:at] + letter + token[at + 1 :]
    assert (signed.read(changed, now=NOW) is None) == (changed != token)

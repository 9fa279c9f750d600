"""A browser is sent to a path of the app or to an exact address of the six, and nowhere else."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.types import Scope

from shared.settings import Environment, Settings
from shared.web.returns import APPS, Addresses, UnknownHost, addresses, is_return_path, return_path
from tests.shared.web.nasty import GOOD, NASTY

PIECES = ["/", "\\", ".", "..", "%2e", "%2f", "%5c", "\t", "\n", "\r", " ", ":", "@", "?", "#"]
PIECES += ["evil.example", "https:", "javascript:", "a", "\x00", "é", "\uff0f", "\u200b"]


@pytest.mark.parametrize("given", NASTY)
def test_what_leads_elsewhere_leads_home(given: str) -> None:
    assert return_path(given) == "/"


def test_nothing_leads_home() -> None:
    assert return_path(None) == "/"


@pytest.mark.parametrize("given", GOOD)
def test_a_path_of_the_app_is_followed(given: str) -> None:
    assert return_path(given) == given


def seen_by_a_browser(given: str) -> str:
    """The path as a browser reads it (WHATWG URL): trimmed, some characters out, slashes turned."""
    read = re.sub(r"[\t\n\r]", "", given.strip("".join(map(chr, range(0x21)))))
    path = re.split(r"[?#]", read)[0].replace("\\", "/")
    kept: list[str] = []
    for part in path.split("/"):
        lowered = part.lower().replace("%2e", ".")
        if lowered == "..":
            kept = kept[:-1]
        elif lowered != ".":
            kept.append(part)
    return "/".join(kept)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("/.//evil.example")
def test_whatever_passes_is_a_path_for_a_browser_too(given: str) -> None:
    passed = return_path(given)
    shown = seen_by_a_browser(passed)
    assert shown.startswith("/")
    assert not shown.startswith("//")
    assert shown == passed.partition("?")[0]


@given(st.text(max_size=40))
def test_no_text_at_all_breaks_a_header(given: str) -> None:
    assert return_path(given).isascii()
    assert return_path(given).isprintable()


def asked(host: str | None, scheme: str = "http", *, twice: bool = False) -> Scope:
    headers = [] if host is None else [(b"host", host.encode("latin-1"))] * (2 if twice else 1)
    return {"type": "http", "scheme": scheme, "headers": headers}


def settings(environment: str = "development", domain: str = "fortress.localhost") -> Settings:
    return Settings(environment=Environment(environment), domain=domain, secret="s" * 40)


@pytest.mark.parametrize(
    ("host", "scheme", "origin"),
    [
        ("billing.fortress.localhost:8000", "http", "http://billing.fortress.localhost:8000"),
        ("billing.fortress.localhost", "http", "http://billing.fortress.localhost"),
        ("billing.fortress.localhost:80", "http", "http://billing.fortress.localhost"),
        ("billing.fortress.localhost:443", "https", "https://billing.fortress.localhost"),
        ("BILLING.Fortress.localhost.:8443", "https", "https://billing.fortress.localhost:8443"),
    ],
)
def test_in_development_port_and_scheme_are_the_browsers(
    host: str, scheme: str, origin: str
) -> None:
    assert addresses(asked(host, scheme), settings(), "billing").origin("billing") == origin


def test_elsewhere_they_are_fixed() -> None:
    found = addresses(
        asked("billing.example.com", "http"), settings("production", "example.com"), "billing"
    )
    assert found.origin("administration") == "https://administration.example.com"


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "billing.example.com.evil.example",
        "api.example.com",
        "example.com",
        "xbilling.example.com",
        "billing.example.com:80:80",
        "billing.example.com:x",
        "billing.example.com/",
        "user@billing.example.com",
        "billing.example.com, evil.example",
        "127.0.0.1",
        "[::1]",
        "billing.example.com\t",
        "bílling.example.com",
    ],
)
def test_an_unknown_host_is_refused(environment: str, host: str | None) -> None:
    with pytest.raises(UnknownHost):
        addresses(asked(host), settings(environment, "example.com"), "billing")


def test_two_hosts_are_none() -> None:
    scope = asked("billing.example.com", twice=True)
    with pytest.raises(UnknownHost):
        addresses(scope, settings(domain="example.com"), "billing")


def test_outside_development_a_port_is_another_host() -> None:
    with pytest.raises(UnknownHost):
        addresses(asked("billing.example.com:8000"), settings("staging", "example.com"), "billing")


@pytest.mark.parametrize("app", APPS)
def test_each_app_has_one_address_to_come_back_to(app: str) -> None:
    found = Addresses("http", "fortress.localhost", 8000)
    assert found.signed_in(app) == f"http://{app}.fortress.localhost:8000/sign-in/done"


@pytest.mark.parametrize("app", ["", "evil", "api.evil", "API", "api/"])
def test_no_other_app_has_one(app: str) -> None:
    with pytest.raises(ValueError, match="none of"):
        Addresses("https", "example.com").signed_in(app)


def test_a_link_has_only_a_path_of_ours() -> None:
    found = Addresses("https", "example.com")
    assert found.link("api", "/reset?token=a") == "https://api.example.com/reset?token=a"
    with pytest.raises(ValueError, match="not a path"):
        found.link("api", "//evil.example")


@pytest.mark.parametrize("given", GOOD)
def test_good_ones_pass(given: str) -> None:
    assert is_return_path(given)

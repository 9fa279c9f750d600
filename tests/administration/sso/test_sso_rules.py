"""What of a provider is believed, without one."""

from datetime import timedelta
from typing import Any

import pytest

from apps.administration.sign_on.rules import GRACE, Verdict, proves, record_of, verdict
from apps.administration.sso.rules import (
    LONG_AGO,
    Metadata,
    Unfit,
    asked_at,
    came_from,
    claimed,
    is_domain,
    issuer_of,
    metadata_of,
    same,
    subject_of,
)
from shared.clock import ManualClock

ISSUER = "https://login.example.com"
NOW = ManualClock().now()


def _document(**changes: Any) -> dict[str, Any]:
    """A provider's document; None leaves a member out."""
    whole = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def _metadata(**changes: Any) -> Metadata:
    return metadata_of(_document(**changes), ISSUER, anywhere=False)


@pytest.mark.parametrize(
    "text", [ISSUER, f" {ISSUER}/ ", "https://login.example.com:8443/realms/one"]
)
def test_an_issuer_is_kept_to_the_letter(text: str) -> None:
    assert issuer_of(text, anywhere=False) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "login.example.com",
        "http://login.example.com",
        "https://",
        "https://user@login.example.com",
        "https://login.example.com?a=b",
        "https://login.example.com#a",
        "https://login.example.com:port",
        "https://login.example.com/\u00e4",
        "https://login.example.com/a b",
        'https://login.example.com/"',
        "javascript:alert(1)",
        f"{ISSUER}/{'a' * 255}",
    ],
)
def test_what_is_no_plain_address_is_no_issuer(text: str) -> None:
    with pytest.raises(Unfit):
        issuer_of(text, anywhere=False)


def test_on_a_laptop_an_issuer_may_be_without_tls() -> None:
    assert issuer_of("http://127.0.0.1:4000", anywhere=True) == "http://127.0.0.1:4000"


def test_a_plain_document_means_what_the_standard_says() -> None:
    found = _metadata()
    assert (found.secret_by, found.says_issuer, found.userinfo) == (
        "client_secret_basic",
        False,
        None,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": "https://login.example.org"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://login.example.com/authorize"},
        {"authorization_endpoint": None},
        {"token_endpoint": 7},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "http://login.example.com/me"},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"id_token_signing_alg_values_supported": "RS256"},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ],
    ids=str,
)
def test_a_document_that_cannot_be_believed_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unfit):
        _metadata(**changes)


@pytest.mark.parametrize(
    ("given", "says", "believed"),
    [
        (ISSUER, True, True),
        (ISSUER, False, True),
        (None, False, True),
        (None, True, False),
        ("https://login.example.org", False, False),
        (f"{ISSUER}/", True, False),
    ],
)
def test_a_way_back_is_that_of_the_provider_that_was_gone_to(
    given: str | None, says: bool, believed: bool
) -> None:
    found = _metadata(authorization_response_iss_parameter_supported=says)
    assert came_from(given, found) is believed


@pytest.mark.parametrize(
    ("given", "same_"), [("a", True), ("b", False), ("ä", False), (None, False)]
)
def test_what_came_back_is_compared(given: str | None, same_: bool) -> None:
    assert same(given, "a") is same_


@pytest.mark.parametrize("subject", ["", "a" * 256, "\u00e4", "a\n", None, 7, ["a"]])
def test_a_subject_is_up_to_255_characters_of_ascii(subject: object) -> None:
    with pytest.raises(Unfit):
        subject_of({"sub": subject})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann Example", "Ann Example"),
        ("  Ann\u202e\x00 ", "Ann"),
        ("", "ann"),
        (None, "ann"),
        (["Ann"], "ann"),
        ("a" * 300, "a" * 200),
    ],
)
def test_a_name_is_what_can_be_shown_of_it(name: object, shown: str) -> None:
    claims = {"sub": "1", "email_verified": True, "name": name}
    who = claimed(claims, {"example.com"}, address="ann@example.com")
    assert who.name == shown


@pytest.mark.parametrize("proved", [set(), {"com"}, {"sub.example.com"}, {"xample.com"}])
def test_an_address_counts_in_exactly_the_domains_that_are_proved(proved: set[str]) -> None:
    with pytest.raises(Unfit, match="has not proved"):
        claimed({"sub": "1", "email_verified": True}, proved, address="ann@example.com")


@pytest.mark.parametrize("text", ["example.com", "a.b.example.com", "xn--exmple-cua.com", "1.co"])
def test_these_are_mail_domains(text: str) -> None:
    assert is_domain(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "com",
        "example.com.",
        "-a.com",
        "a-.com",
        "exa mple.com",
        "EXAMPLE.com",
        "ex\u00e4mple.com",
        "127.0.0.1",
        "a..com",
        "a_b.com",
        f"{'a' * 64}.com",
        f"{'a.' * 126}com",
        "example.com\n",
    ],
)
def test_these_are_none(text: str) -> None:
    assert not is_domain(text)


def test_one_of_the_records_is_the_proof() -> None:
    assert proves(["v=spf1 -all", f" {record_of('abc')} "], "abc")
    assert not proves([record_of("abcd"), "abc", ""], "abc")


@pytest.mark.parametrize(
    ("found", "missing", "said"),
    [
        (True, None, Verdict.holds),
        (True, GRACE * 2, Verdict.holds),
        (False, None, Verdict.waits),
        (False, GRACE - timedelta(seconds=1), Verdict.waits),
        (False, GRACE, Verdict.over),
    ],
)
def test_a_proof_may_be_missing_for_a_week(
    found: bool, missing: timedelta | None, said: Verdict
) -> None:
    since = None if missing is None else NOW - missing
    assert verdict(found, since, NOW) is said


@pytest.mark.parametrize(
    "told", [None, True, "1750000000", [], {}, float("nan"), float("inf")], ids=str
)
def test_who_does_not_tell_when_it_asked_asked_long_ago(told: object) -> None:
    assert asked_at({} if told is None else {"auth_time": told}, NOW) == LONG_AGO


@pytest.mark.parametrize(("ago", "found"), [(60, 60), (0.5, 0.5), (-3_600, 0)])
def test_it_asked_when_it_says_and_never_in_times_to_come(ago: float, found: float) -> None:
    told = {"auth_time": NOW.timestamp() - ago}
    assert asked_at(told, NOW) == NOW - timedelta(seconds=found)


def test_however_late_it_says_it_was_now() -> None:
    assert asked_at({"auth_time": 10**400}, NOW) == NOW


def test_before_all_time_is_long_ago() -> None:
    assert asked_at({"auth_time": -(10**30)}, NOW) == LONG_AGO

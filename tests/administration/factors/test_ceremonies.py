"""What an authenticator says is looked at from all sides; what is wrong with it is not told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.administration.factors import ceremonies
from apps.administration.factors.ceremonies import Party
from apps.administration.factors.challenges import LASTS, Challenges
from apps.administration.factors.errors import ChallengeOver, PasskeyRefused
from apps.administration.factors.schemas import Assertion, Registration
from shared.auth.sessions import SignedIn
from tests.support.authenticator import ORIGIN, PRESENT, VERIFIED, Authenticator, data

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
PARTY = Party("administration.fortress.localhost", ORIGIN)
CHALLENGE = b"challenge" * 4
WHO = SignedIn(1, 1, "sgn_1", 1, "usr_1", "a@example.com", "Ann", NOW, None, None, stale=False)
CREATION = ceremonies.creation_options(PARTY, WHO, CHALLENGE, [(b"other", ["usb", "new-kind"])])
REQUEST = ceremonies.request_options(PARTY, CHALLENGE)


def made_by(device: Authenticator, options: dict[str, Any] = CREATION) -> Registration:
    return Registration(**device.create(options))


def shown_by(device: Authenticator, options: dict[str, Any] = REQUEST) -> Assertion:
    return Assertion(**device.get(options))


DEVICE = Authenticator()
MADE = made_by(DEVICE)
KEY = ceremonies.made(MADE, PARTY, CHALLENGE).public_key
SHOWN = shown_by(DEVICE)


def test_it_asks_for_a_passkey_that_finds_its_person_and_verifies_them() -> None:
    assert CREATION["rp"] == {"id": "administration.fortress.localhost", "name": "Fortress"}
    assert data(CREATION["user"]["id"]) == b"usr_1"
    assert CREATION["attestation"] == "none"
    assert CREATION["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert CREATION["excludeCredentials"] == [
        {"id": "b3RoZXI", "type": "public-key", "transports": ["usb"]}
    ]


def test_it_asks_for_any_passkey_without_naming_one() -> None:
    assert REQUEST["allowCredentials"] == []
    assert REQUEST["userVerification"] == "required"
    assert REQUEST["rpId"] == "administration.fortress.localhost"


def test_what_is_right_passes() -> None:
    assert ceremonies.challenge_in(MADE.client_data) == CHALLENGE
    assert ceremonies.made(MADE, PARTY, CHALLENGE).sign_count == 1
    assert ceremonies.count_of(SHOWN, PARTY, CHALLENGE, KEY) == 2


WRONG: list[Callable[[], Authenticator]] = [
    lambda: Authenticator(origin="http://billing.fortress.localhost"),
    lambda: Authenticator(origin="https://administration.fortress.localhost"),
    lambda: Authenticator(origin="http://administration.fortress.localhost:8000"),
    lambda: Authenticator(origin="http://administration.fortress.localhost.example.com"),
    lambda: Authenticator(rp_id="fortress.localhost"),
    lambda: Authenticator(rp_id="billing.fortress.localhost"),
    lambda: Authenticator(flags=PRESENT),
    lambda: Authenticator(flags=VERIFIED),
    lambda: Authenticator(client={"type": "payment.get"}),
    lambda: Authenticator(client={"challenge": "b3RoZXI"}),
    # Kept elsewhere, but not of a kind that is.
    lambda: Authenticator(flags=PRESENT | VERIFIED | 0x10),
]


@pytest.mark.parametrize("make", WRONG)
def test_what_is_wrong_is_refused(make: Callable[[], Authenticator]) -> None:
    device = make()
    registration = made_by(device)
    with pytest.raises(PasskeyRefused):
        ceremonies.made(registration, PARTY, CHALLENGE)
    device.credentials = DEVICE.credentials
    with pytest.raises(PasskeyRefused):
        ceremonies.count_of(shown_by(device), PARTY, CHALLENGE, KEY)


def test_a_registration_is_no_assertion_nor_the_other_way_round() -> None:
    with pytest.raises(PasskeyRefused):
        ceremonies.made(
            MADE.model_copy(update={"client_data": SHOWN.client_data}), PARTY, CHALLENGE
        )
    with pytest.raises(PasskeyRefused):
        ceremonies.count_of(
            SHOWN.model_copy(update={"client_data": MADE.client_data}), PARTY, CHALLENGE, KEY
        )


def test_another_credentials_id_is_refused() -> None:
    with pytest.raises(PasskeyRefused):
        ceremonies.made(MADE.model_copy(update={"raw_id": b"other"}), PARTY, CHALLENGE)


def test_another_passkeys_signature_is_refused() -> None:
    other = Authenticator()
    made_by(other)
    with pytest.raises(PasskeyRefused):
        ceremonies.count_of(shown_by(other), PARTY, CHALLENGE, KEY)


@pytest.mark.parametrize(
    "client", [{"crossOrigin": True}, {"topOrigin": "https://evil.example"}, {"challenge": 1}]
)
def test_what_was_made_inside_another_page_is_refused(client: dict[str, Any]) -> None:
    device = Authenticator(client=client, credentials=DEVICE.credentials)
    with pytest.raises(PasskeyRefused):
        ceremonies.challenge_in(shown_by(device).client_data)


@pytest.mark.parametrize("said", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 9_999])
def test_client_data_that_is_none_is_refused(said: bytes) -> None:
    with pytest.raises(PasskeyRefused):
        ceremonies.challenge_in(said)


@given(
    st.sampled_from(["client_data", "authenticator_data", "signature"]),
    st.integers(0, 10_000),
    st.integers(1, 255),
)
def test_no_byte_of_an_assertion_can_be_changed(part: str, place: int, by: int) -> None:
    changed = bytearray(getattr(SHOWN, part))
    changed[place % len(changed)] ^= by
    with pytest.raises(PasskeyRefused):
        ceremonies.count_of(SHOWN.model_copy(update={part: bytes(changed)}), PARTY, CHALLENGE, KEY)


@given(st.binary(max_size=300), st.integers(0, 10_000))
def test_nothing_but_a_refusal_comes_of_an_attestation_that_is_none(noise: bytes, at: int) -> None:
    place = at % len(MADE.attestation)
    for said in (noise, MADE.attestation[:place], MADE.attestation[:place] + noise):
        try:
            made = ceremonies.made(MADE.model_copy(update={"attestation": said}), PARTY, CHALLENGE)
        except PasskeyRefused:
            continue
        assert made.credential_id == MADE.raw_id


CHALLENGES = Challenges("s" * 40, "sign-in")


def test_a_challenge_is_known_again_until_it_ends() -> None:
    challenge = CHALLENGES.issue("cookie", NOW)
    assert CHALLENGES.until(challenge, "cookie", NOW) == NOW + LASTS
    assert challenge != CHALLENGES.issue("cookie", NOW)


@pytest.mark.parametrize(
    ("challenges", "bound", "later"),
    [
        (CHALLENGES, "another cookie", timedelta(0)),
        (Challenges("s" * 40, "confirm sgn_1"), "cookie", timedelta(0)),
        (Challenges("t" * 40, "sign-in"), "cookie", timedelta(0)),
        (CHALLENGES, "cookie", LASTS),
    ],
)
def test_a_challenge_of_another_browser_kind_secret_or_time_is_over(
    challenges: Challenges, bound: str, later: timedelta
) -> None:
    with pytest.raises(ChallengeOver):
        challenges.until(CHALLENGES.issue("cookie", NOW), bound, NOW + later)


@given(st.binary(max_size=80))
def test_a_challenge_that_was_not_made_here_is_over(challenge: bytes) -> None:
    with pytest.raises(ChallengeOver):
        CHALLENGES.until(challenge, "cookie", NOW)

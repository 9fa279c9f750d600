"""One-time codes, recovery codes, and which way in stays."""

import re

import pyotp
import pytest
import segno

from apps.administration.factors import rules
from apps.administration.factors.pictures import qr_code

# RFC 6238, appendix B, SHA-1: the secret is "12345678901234567890"; of eight digits the last six.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
NOW = 1_800_000_015
STEP = NOW // 30


def code(steps: int) -> str:
    return pyotp.TOTP(RFC_SECRET).generate_otp(STEP + steps)


@pytest.mark.parametrize(("at", "text"), RFC_CODES)
def test_codes_are_those_of_rfc_6238(at: int, text: str) -> None:
    assert rules.step_of(RFC_SECRET, text, at, -1) == at // 30


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_one_step_wrong(steps: int) -> None:
    assert rules.step_of(RFC_SECRET, code(steps), NOW, -1) == STEP + steps


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_clock_may_not_be_two_steps_wrong(steps: int) -> None:
    assert rules.step_of(RFC_SECRET, code(steps), NOW, -1) is None


@pytest.mark.parametrize("steps", [-1, 0])
def test_no_code_counts_up_to_the_last_one_that_did(steps: int) -> None:
    assert rules.step_of(RFC_SECRET, code(steps), NOW, STEP) is None
    assert rules.step_of(RFC_SECRET, code(1), NOW, STEP) == STEP + 1


def test_a_code_may_be_typed_in_groups() -> None:
    assert rules.step_of(RFC_SECRET, f" {code(0)[:3]} {code(0)[3:]} ", NOW, -1) == STEP


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "\u0661" * 6, "12345a", "\ud800", "9" * 9999]
)
def test_what_is_no_code_is_none(text: str) -> None:
    assert rules.step_of(RFC_SECRET, text, NOW, -1) is None


def test_a_secret_has_160_bits() -> None:
    assert re.fullmatch(r"[A-Z2-7]{32}", rules.new_secret())


def test_an_app_is_told_whose_codes_they_are() -> None:
    assert rules.address(RFC_SECRET, "a+b@example.com") == (
        f"otpauth://totp/Fortress:a%2Bb%40example.com?secret={RFC_SECRET}&issuer=Fortress"
    )


def test_there_are_ten_recovery_codes_of_140_bits() -> None:
    made = rules.new_recovery_codes()
    assert len(set(made)) == 10
    form = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}")
    assert all(form.fullmatch(one) for one in made)


def test_a_recovery_code_is_read_however_it_was_typed() -> None:
    plain = "0123456789ABCDEFGHJKMNPQRSTV"
    for typed in (
        "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV",
        " o123 4567 89ab cdef ghjk mnpq rstv ",
        "Ol234567-89abcdefghjkmnpqrstv",
    ):
        assert rules.recovery_code(typed) == plain


@pytest.mark.parametrize(
    "text", ["", "123456", "U" * 28, "0" * 27, "0" * 29, "\ud800" * 28, "\u0661" * 28]
)
def test_what_is_no_recovery_code_is_none(text: str) -> None:
    assert rules.recovery_code(text) is None


@pytest.mark.parametrize(
    ("password", "passkeys", "stays"),
    [(True, 0, True), (True, 3, True), (False, 1, True), (False, 0, False)],
)
def test_a_way_in_is_left(password: bool, passkeys: int, stays: bool) -> None:
    assert rules.leaves_a_way_in(password=password, passkeys=passkeys) is stays


def test_the_picture_is_the_code_with_four_modules_around_it() -> None:
    text = rules.address(RFC_SECRET, "a@example.com")
    made = qr_code(text)
    dark = {
        (int(row) - 4, int(column) - 4)
        for column, row in re.findall(r"M(\d+) (\d+)h1v1h-1z", made.path)
    }
    rows = list(enumerate(segno.make_qr(text, error="m").matrix))
    assert dark == {(row, at) for row, modules in rows for at, one in enumerate(modules) if one}
    assert made.size == len(rows) + 8

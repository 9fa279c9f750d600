from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.money import decimal, plain, round_half_up

finite = st.decimals(min_value=-(10**17), max_value=10**17, places=6)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("10.52", "10.52"), (0.1, "0.1"), (7, "7"), ("1e3", "1000"), (" 2 ", "2"), ("-0", "0")],
)
def test_numbers_of_every_kind_are_exact(value: object, expected: str) -> None:
    assert decimal(value) == Decimal(expected)


@pytest.mark.parametrize(
    "value", ["", "x", "NaN", "Infinity", "1e18", 10**18, float("nan"), True, None, [], b"1"]
)
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        decimal(value)


@given(finite)
def test_plain_text_is_the_same_number_without_exponent(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


@given(finite, st.integers(min_value=0, max_value=4))
def test_rounding_is_to_the_nearest_and_halves_go_away_from_zero(
    value: Decimal, places: int
) -> None:
    rounded = round_half_up(value, places)
    step = Fraction(1, 10**places)
    assert abs(Fraction(rounded) - Fraction(value)) * 2 <= step
    assert (Fraction(rounded) / step).denominator == 1


@pytest.mark.parametrize(
    ("value", "places", "expected"), [("0.5", 0, "1"), ("-0.5", 0, "-1"), ("2.345", 2, "2.35")]
)
def test_halves(value: str, places: int, expected: str) -> None:
    assert round_half_up(Decimal(value), places) == Decimal(expected)

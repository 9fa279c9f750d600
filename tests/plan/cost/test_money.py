from decimal import Decimal

import pytest

from infra.plan.money import between, brief, cents, exactly, total, usd


def test_a_sum_adds_low_to_low_and_high_to_high() -> None:
    assert total([between(1, 2, 3), between(10, 20, 30)]) == between(11, 22, 33)


def test_a_product_multiplies_low_with_low_and_high_with_high() -> None:
    assert between(1, 2, 3) * between(2, 3, 4) == between(2, 6, 12)


def test_a_range_has_to_rise() -> None:
    with pytest.raises(ValueError, match="do not rise"):
        between(2, 1, 3)


def test_what_is_below_an_allowance_costs_nothing() -> None:
    assert between(50, 150, 300).above(Decimal(100)) == between(0, 50, 200)


def test_a_dime_ten_times_is_a_dollar() -> None:
    assert total([exactly(Decimal("0.1"))] * 10) == exactly(1)


def test_halves_of_a_cent_go_up() -> None:
    assert cents(Decimal("0.125")) == Decimal("0.13")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("438000000", "438,000,000"),
        ("3041666.67", "3,041,667"),
        ("1.5", "1.5"),
        ("86.400", "86.4"),
        ("0.03238", "0.03238"),
        ("0.0000133334", "0.00001333"),
        ("0", "0"),
    ],
)
def test_a_quantity_has_as_many_digits_as_tell_something(value: str, text: str) -> None:
    assert brief(Decimal(value)) == text


def test_an_amount_has_two_decimals_and_thousands_apart() -> None:
    assert usd(Decimal("1234.5")) == "1,234.50"

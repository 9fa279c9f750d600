from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.metering.rules import Counted, amounts
from shared.events.event import Event
from shared.money import plain

ENERGY = Counted(id=1, event="session.completed", field="kwh")


def quantity_of(value: Any) -> Decimal | None:
    return amounts([Event((1, 2, 3, 4), "session.completed", {"kwh": value})], [ENERGY])[0].quantity


@pytest.mark.parametrize(
    ("value", "quantity"),
    [
        (7, "7"),
        (Decimal("10.52"), "10.52"),
        ("10.52", "10.52"),
        ("-0.5", "-0.5"),
        (Decimal("0.30000000000000004"), "0.3"),
        ("0.0000000000005", "0.000000000001"),
        ("999999999999999999.999999999999", "999999999999999999.999999999999"),
        (0.1, "0.1"),
    ],
)
def test_a_number_counts_exactly_to_twelve_decimals(value: Any, quantity: str) -> None:
    found = quantity_of(value)
    assert found is not None
    assert plain(found) == quantity


@pytest.mark.parametrize(
    "value", [True, None, "", "ten", "1_000", " 1", "NaN", "1e400", 10**18, [1], {"a": 1}, "٣"]
)
def test_what_is_no_number_adds_nothing(value: Any) -> None:
    found = amounts([Event((1, 2, 3, 4), "session.completed", {"kwh": value})], [ENERGY])
    assert [(amount.quantity, amount.unusable) for amount in found] == [(None, "not_a_number")]


def test_a_missing_field_adds_nothing() -> None:
    found = amounts([Event((1, 2, 3, 4), "session.completed", {})], [ENERGY])
    assert found[0].unusable == "missing"


def test_an_event_counts_for_the_meters_of_its_name_only() -> None:
    count = Counted(id=2, event="session.completed", field=None)
    other = Counted(id=3, event="door.opened", field=None)
    found = amounts([Event((1, 2, 3, 4), "session.completed", {"kwh": 5})], [ENERGY, count, other])
    assert [(amount.meter_id, amount.quantity) for amount in found] == [
        (1, Decimal(5)),
        (2, Decimal(1)),
    ]


@given(st.decimals(-(10**17), 10**17, places=12))
def test_decimal_text_comes_back_as_it_was(value: Decimal) -> None:
    found = quantity_of(format(value, "f"))
    assert found == value

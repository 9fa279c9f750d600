from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.loyalty.earning.rules import MOST_POINTS, Rounding, Rule, earnings, points, tag_of
from shared.events.event import Event

amounts = st.decimals(0, 10**9, places=12)
rates = st.decimals("0.000000000001", 10**6, places=12)
roundings = st.sampled_from(["down", "half_up", "up"])


def rule(**fields: Any) -> Rule:
    usual: dict[str, Any] = {
        "id": 1,
        "source": "rule:rul_1",
        "programme_id": 1,
        "event": "session.completed",
        "field": "kwh",
        "member_field": "member",
        "points_per_unit": Decimal(1),
        "rounding": "down",
    }
    return Rule(**usual | fields)


def event(seq: int = 1, **data: Any) -> Event:
    return Event((1, 1000, 1, seq), "session.completed", data)


@pytest.mark.parametrize(
    ("amount", "per_unit", "rounding", "expected"),
    [
        ("1.59", "10", "down", 15),
        ("1.59", "10", "half_up", 16),
        ("1.51", "10", "up", 16),
        ("1.50", "1", "half_up", 2),
        ("2.50", "1", "half_up", 3),
        ("2.49", "1", "half_up", 2),
        ("0.1", "10", "up", 1),
        ("0.000000000001", "0.000000000001", "up", 1),
        ("999999999999999999.999999999999", "1", "down", 999999999999999999),
        ("-3.5", "1", "down", 0),
        ("-3.5", "1", "up", 0),
    ],
)
def test_points_are_the_exact_product_rounded(
    amount: str, per_unit: str, rounding: Rounding, expected: int
) -> None:
    assert points(Decimal(amount), Decimal(per_unit), rounding) == expected


@given(amounts, rates)
def test_the_ways_of_rounding_enclose_the_product(amount: Decimal, rate: Decimal) -> None:
    down, middle, up = (points(amount, rate, way) for way in ("down", "half_up", "up"))
    scaled = int(amount.scaleb(12)) * int(rate.scaleb(12))
    assert down == scaled // 10**24
    assert up == -(-scaled // 10**24)
    assert down <= middle <= up <= down + 1


@given(amounts, amounts, rates, roundings)
def test_more_never_earns_less(
    one: Decimal, other: Decimal, rate: Decimal, rounding: Rounding
) -> None:
    low, high = sorted((one, other))
    assert points(low, rate, rounding) <= points(high, rate, rounding)


@given(st.integers(0, 10**6), rates, roundings)
def test_an_event_earns_what_the_rule_says(kwh: int, rate: Decimal, rounding: Rounding) -> None:
    earned, unusable = earnings(
        [event(kwh=kwh, member="TAG-9")], [rule(points_per_unit=rate, rounding=rounding)]
    )
    assert sum(one.points for one in earned) == points(Decimal(kwh), rate, rounding)
    assert unusable == []


@given(st.dictionaries(st.sampled_from(["kwh", "member"]), st.from_type(object) | st.text()))
def test_whatever_an_event_says_points_are_whole_and_above_zero(data: dict[str, Any]) -> None:
    earned, _ = earnings([event(**data)], [rule()])
    assert all(0 < one.points <= MOST_POINTS for one in earned)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"member": "TAG-9"}, "missing"),
        ({"member": "TAG-9", "kwh": "much"}, "not_a_number"),
        ({"kwh": 1}, "no_tag"),
        ({"kwh": 1, "member": "\ud800"}, "no_tag"),
        ({"kwh": 10**13, "member": "TAG-9"}, "too_many_points"),
    ],
)
def test_an_unusable_event_says_why(data: dict[str, Any], reason: str) -> None:
    assert earnings([event(**data)], [rule()]) == ([], [reason])


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("TAG-9", "TAG-9"),
        (" TAG-9 ", "TAG-9"),
        (35897499, "35897499"),
        ("", None),
        ("x" * 129, None),
        (True, None),
        (Decimal("1.5"), None),
        (None, None),
        ("a\nb", None),
    ],
)
def test_a_tag_is_text_or_a_whole_number(value: Any, tag: str | None) -> None:
    assert tag_of({"member": value}, "member") == tag

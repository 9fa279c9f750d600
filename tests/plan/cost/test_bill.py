from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.plan.bill import Bill
from infra.plan.load import Load, preset
from infra.plan.money import total
from tests.plan.cost.full import system
from tests.plan.cost.stacks import priced

ARTICLES = preset("articles")
loads = st.builds(
    Load,
    name=st.just("any"),
    devices=st.integers(1, 1_000_000),
    interval_s=st.integers(1, 86_400),
    message_bytes=st.integers(1, 100_000),
    tls_percent=st.integers(0, 100),
    reconnects_a_day=st.integers(0, 1_000),
    readers=st.integers(0, 100_000),
    api_a_second=st.integers(0, 10_000),
    reports=st.integers(0, 1_000_000),
    retention_days=st.integers(1, 3_650),
)


@pytest.fixture(scope="module")
def bill() -> Bill:
    return priced(system(), ARTICLES, "1y")


def test_the_groups_come_to_the_total(bill: Bill) -> None:
    assert round(total(bill.groups.values()).likely, 9) == round(bill.total.likely, 9)


def test_the_apps_come_to_the_total(bill: Bill) -> None:
    assert round(total(bill.per_app.values()).high, 9) == round(bill.total.high, 9)


def test_fixed_and_variable_come_to_the_total(bill: Bill) -> None:
    assert round((bill.fixed + bill.variable).likely, 9) == round(bill.total.likely, 9)


def test_containers_are_bought_in_three_ways_that_come_to_their_group(bill: Bill) -> None:
    assert all(value.likely > 0 for value in bill.bought.values())
    assert round(total(bill.bought.values()).likely, 9) == round(
        bill.groups["containers"].likely, 9
    )


def test_what_is_fixed_does_not_change_with_the_load(bill: Bill) -> None:
    more = msgspec.structs.replace(ARTICLES, devices=50_000, readers=5_000)
    assert priced(system(), more, "1y").fixed == bill.fixed


def test_a_million_readings_cost_their_share_of_438_million(bill: Bill) -> None:
    assert round(bill.per_million(bill.total).likely * 438, 9) == round(bill.total.likely, 9)


def test_a_longer_plan_costs_less() -> None:
    sums = [priced(system(), ARTICLES, plan).total.likely for plan in ("none", "1y", "3y")]
    assert sums == sorted(sums, reverse=True)
    assert len(set(sums)) == 3


def test_no_line_is_a_float(bill: Bill) -> None:
    figures = [(x.quantity, x.price, x.amount) for x in bill.lines]
    parts = [y for three in figures for x in three for y in (x.low, x.likely, x.high)]
    assert {type(part) for part in parts} == {Decimal}


@given(loads)
@settings(max_examples=40, deadline=None)
def test_every_load_has_a_bill_whose_low_and_high_hold_it(load: Load) -> None:
    made = priced(system(), load)
    assert Decimal(0) < made.total.low <= made.total.likely <= made.total.high
    assert all(line.amount.low >= 0 for line in made.lines)


@given(loads, st.integers(2, 10))
@settings(max_examples=40, deadline=None)
def test_more_devices_never_cost_less(load: Load, factor: int) -> None:
    more = msgspec.structs.replace(load, devices=load.devices * factor)
    assert priced(system(), more).total.likely >= priced(system(), load).total.likely

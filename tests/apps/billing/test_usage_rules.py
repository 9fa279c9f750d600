from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing.usage.rules import (
    HOUR_MS,
    QUARTER_MS,
    Period,
    Unit,
    period_at,
    periods,
    step_of,
    sums,
    zone_named,
)
from shared.clock import from_ms, to_ms
from shared.errors import Invalid
from shared.money import total

SINCE_1975 = to_ms(datetime(1975, 1, 1, tzinfo=UTC))
UNTIL_2036 = to_ms(datetime(2036, 1, 1, tzinfo=UTC))
instants = st.integers(SINCE_1975, UNTIL_2036)
zones = st.sampled_from(sorted(available_timezones())).map(zone_named)
units = st.sampled_from(["hour", "day", "month"])


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def labels_and_hours(start: str, end: str, unit: Unit, zone: str) -> list[tuple[str, float]]:
    found = periods(at(start), at(end), unit, zone_named(zone))
    return [(period.label, (period.end - period.start) / HOUR_MS) for period in found]


def test_days_are_those_of_the_zone() -> None:
    found = list(
        periods(at("2014-11-01T04:00Z"), at("2014-11-04T05:00Z"), "day", zone_named("US/Eastern"))
    )
    assert [period.label for period in found] == ["2014-11-01", "2014-11-02", "2014-11-03"]
    assert [from_ms(period.start).hour for period in found] == [4, 4, 5]


def test_the_day_on_which_clocks_go_back_has_25_hours() -> None:
    found = labels_and_hours("2014-11-02T04:00Z", "2014-11-03T05:00Z", "day", "America/New_York")
    assert found == [("2014-11-02", 25)]


def test_a_day_may_begin_at_one_oclock() -> None:
    found = labels_and_hours("2018-11-03T03:00Z", "2018-11-06T02:00Z", "day", "America/Sao_Paulo")
    assert found == [("2018-11-03", 24), ("2018-11-04", 23), ("2018-11-05", 24)]


def test_a_day_that_a_zone_left_out_has_no_period() -> None:
    found = labels_and_hours("2011-12-29T10:00Z", "2011-12-31T10:00Z", "day", "Pacific/Apia")
    assert found == [("2011-12-29", 24), ("2011-12-31", 24)]


def test_hours_of_a_zone_that_is_off_by_45_minutes() -> None:
    found = labels_and_hours("2025-04-05T13:30Z", "2025-04-05T15:30Z", "hour", "Asia/Kathmandu")
    assert found == [
        ("2025-04-05T19:00+05:45", 0.75),
        ("2025-04-05T20:00+05:45", 1),
        ("2025-04-05T21:00+05:45", 0.25),
    ]


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    found = labels_and_hours("2014-11-02T05:00Z", "2014-11-02T07:00Z", "hour", "America/New_York")
    assert found == [("2014-11-02T01:00-04:00", 1), ("2014-11-02T01:00-05:00", 1)]


@given(instants, units, zones)
def test_an_instant_lies_in_its_period(ms: int, unit: Unit, zone: object) -> None:
    period = period_at(ms, unit, zone)  # type: ignore[arg-type]  # a zone
    assert period.start <= ms < period.end


@given(instants, st.integers(1, 90 * 24 * HOUR_MS), st.sampled_from(["day", "month"]), zones)
def test_periods_follow_each_other_without_gap(
    start: int, length: int, unit: Unit, zone: object
) -> None:
    found = list(periods(start, start + length, unit, zone))  # type: ignore[arg-type]  # a zone
    assert found[0].start == start
    assert found[-1].end == start + length
    assert all(one.end == two.start for one, two in pairwise(found))


@given(instants, zones)
def test_period_edges_are_quarters_of_an_hour(ms: int, zone: object) -> None:
    day = period_at(ms, "day", zone)  # type: ignore[arg-type]  # a zone
    assert day.start % QUARTER_MS == day.end % QUARTER_MS == 0


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 49), st.decimals(-1000, 1000, places=4)), max_size=20),
)
def test_nothing_is_lost_or_gained_by_summing_into_periods(
    lengths: list[int], given_amounts: list[tuple[int, Decimal]]
) -> None:
    edges = [sum(lengths[:count]) for count in range(len(lengths) + 1)]
    spans = [Period("", one, two) for one, two in pairwise(edges)]
    amounts = [(when % edges[-1], amount) for when, amount in given_amounts]
    expected = [
        total(amount for when, amount in amounts if span.start <= when < span.end) for span in spans
    ]
    assert sums(spans, amounts) == expected


def test_whole_hours_are_summed_by_the_hour_and_others_by_the_quarter() -> None:
    start, end = at("2025-01-01T00:00Z"), at("2025-01-03T00:07Z")
    new_york = list(periods(start, end, "day", zone_named("America/New_York")))
    kolkata = list(periods(start, end, "day", zone_named("Asia/Kolkata")))
    assert step_of(new_york, start, end) == HOUR_MS
    assert step_of(kolkata, start, end) == QUARTER_MS


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "America", "utc "])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="IANA"):
        zone_named(name)

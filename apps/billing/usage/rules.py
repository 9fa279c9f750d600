"""Periods of local time, and putting usage into them. Pure.

A period is a local hour, day or month of an IANA zone, and runs from an instant to an instant, so
that days of 23 and 25 hours and those that begin at 01:00 come out right. A day that a zone left
out (Samoa, 2011-12-30) has no period.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from shared.clock import from_ms, to_ms
from shared.errors import Invalid
from shared.money import EXACT

Unit = Literal["hour", "day", "month"]

# Every zone's offset has been a whole number of quarters since 1972.
QUARTER_MS: Final = 900_000
HOUR_MS: Final = 3_600_000
_LABELS: Final = {"day": "%Y-%m-%d", "month": "%Y-%m"}


@dataclass(frozen=True, slots=True)
class Period:
    """`label`: 2014-11, 2014-11-18 or 2014-11-18T15:00-05:00. From `start` until before `end`,
    both epoch milliseconds.
    """

    label: str
    start: int
    end: int


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises `Invalid`."""
    if name not in _names():
        raise Invalid("the zone is not an IANA time zone; use a name such as America/New_York")
    return ZoneInfo(name)


def period_at(ms: int, unit: Unit, zone: tzinfo) -> Period:
    """The whole period in which an instant lies."""
    if unit == "hour":
        return _hour_at(ms, zone)
    local = from_ms(ms).astimezone(zone)
    begin = datetime(local.year, local.month, 1 if unit == "month" else local.day)  # noqa: DTZ001 - local time, the zone is given where it is used
    following = _following(begin, unit)
    # Where clocks go back over midnight, some of the day before comes after the day's beginning.
    while _instant(following, zone) <= ms:
        begin, following = following, _following(following, unit)
    return Period(
        begin.strftime(_LABELS[unit]),
        _instant(begin, zone),
        _instant(following, zone),
    )


def periods(start: int, end: int, unit: Unit, zone: tzinfo) -> Iterator[Period]:
    """The periods from `start` until before `end`, the first and last cut to that range."""
    at = start
    while at < end:
        period = period_at(at, unit, zone)
        yield cut(period, start, end)
        at = period.end


def cut(period: Period, start: int, end: int) -> Period:
    """What of a period lies in a range."""
    return replace(period, start=max(period.start, start), end=min(period.end, end))


def fits(period: Period, start: int, end: int, step: int) -> bool:
    """Whether usage that is kept in steps of `step` ms can be told apart at the period's edges."""
    return all(edge % step == 0 for edge in (period.start, period.end) if start < edge < end)


def sums(spans: Sequence[Period], amounts: Iterable[tuple[int, Decimal]]) -> list[Decimal]:
    """The exact sum in each of `spans`, which follow each other, of amounts at instants.

    An instant before the first span is the beginning of a step that reaches into it.
    """
    edges = [span.start for span in spans[1:]]
    totals = [Decimal(0)] * len(spans)
    for at, amount in amounts:
        place = bisect_right(edges, at)
        totals[place] = EXACT.add(totals[place], amount)
    return totals


def step_of(spans: Iterable[Period], start: int, end: int) -> int:
    """The longest step in which usage may be summed and still be put into `spans`."""
    return HOUR_MS if all(fits(span, start, end, HOUR_MS) for span in spans) else QUARTER_MS


def _following(begin: datetime, unit: Unit) -> datetime:
    if unit == "day":
        return begin + timedelta(days=1)
    return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)


def _instant(local: datetime, zone: tzinfo) -> int:
    """When a local time first comes; if clocks skip it, when they skip."""
    return to_ms(local.replace(tzinfo=zone))


def _hour_at(ms: int, zone: tzinfo) -> Period:
    """Found in steps of a quarter, because an hour may be cut short by a change of clocks."""
    label = _hour_label(ms, zone)
    start = ms - ms % QUARTER_MS
    end = start + QUARTER_MS
    while _hour_label(start - QUARTER_MS, zone) == label:
        start -= QUARTER_MS
    while _hour_label(end, zone) == label:
        end += QUARTER_MS
    return Period(label, start, end)


def _hour_label(ms: int, zone: tzinfo) -> str:
    local = from_ms(ms).astimezone(zone)
    return local.replace(minute=0, second=0, microsecond=0).isoformat(timespec="minutes")

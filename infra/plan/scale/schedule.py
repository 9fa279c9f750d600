"""When scheduled actions are due: `cron(minute hour day month weekday year)` and `at(…)`.

Format: the Application Auto Scaling user guide, schedule expressions. Pure.
"""

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import ConfigurationError

# The values of each field, none for any.
Fields = tuple[frozenset[int] | None, ...]

_FORM: Final = re.compile(r"(cron|at)\((.*)\)")
_RANGES: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_NAMES: Final[dict[int, dict[str, int]]] = {
    3: {name.upper(): at for at, name in enumerate(calendar.month_abbr) if name},
    4: {name: at + 1 for at, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])},
}


def times(schedule: str, zone: str, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The times of `schedule` from `begin` to before `end`, in UTC and rising.

    Raises `ConfigurationError` for an expression that it does not know.
    """
    local = _zone(zone)
    form = _FORM.fullmatch(schedule.strip())
    if form is None:
        raise ConfigurationError(f"schedule {schedule!r}: only cron(…) and at(…) are replayed")
    if form[1] == "at":
        once = _once(form[2], local)
        if begin <= once < end:
            yield once
        return
    fields = _fields(schedule, form[2])
    day = begin.astimezone(local).date()
    while datetime.combine(day, time(), local) < end:
        if _due(fields, day):
            yield from (at for at in _of_day(fields, day, local) if begin <= at < end)
        day += timedelta(days=1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(f"{name!r} is no time zone that is known here") from None


def _once(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        raise ConfigurationError(f"at({text}): no date and time") from None


def _fields(schedule: str, text: str) -> Fields:
    parts = text.split()
    if len(parts) != len(_RANGES):
        raise ConfigurationError(f"schedule {schedule!r}: cron has six fields")
    try:
        return tuple(_field(at, part) for at, part in enumerate(parts))
    except ValueError:
        raise ConfigurationError(
            f"schedule {schedule!r}: numbers, names, lists, ranges, steps and L are replayed"
        ) from None


def _field(at: int, text: str) -> frozenset[int] | None:
    """The values of a field, none for any; 0 stands for L, the last day of a month."""
    if text in {"*", "?"}:
        return None
    values: set[int] = set()
    low, high = _RANGES[at]
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if first == "L" and at == 2:
            values.add(0)
            continue
        begin = low if first == "*" else _number(at, first)
        end = _number(at, last) if dash else (high if step or first == "*" else begin)
        if not low <= begin <= end <= high:
            raise ValueError(part)
        values.update(range(begin, end + 1, int(step or 1)))
    return frozenset(values)


def _number(at: int, text: str) -> int:
    return _NAMES.get(at, {}).get(text.upper()) or int(text)


def _due(fields: Fields, day: date) -> bool:
    have = {2: day.day, 3: day.month, 4: day.isoweekday() % 7 + 1, 5: day.year}
    last = day.day == calendar.monthrange(day.year, day.month)[1]
    return all(
        (wanted := fields[place]) is None
        or value in wanted
        or (place == 2 and last and 0 in wanted)
        for place, value in have.items()
    )


def _of_day(fields: Fields, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The hours and minutes of a day, those left out that a change of clocks leaves out."""
    minutes, hours = fields[0] or range(60), fields[1] or range(24)
    for hour in sorted(hours):
        for minute in sorted(minutes):
            at = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
            if at.astimezone(zone).hour == hour:
                yield at

"""When scheduled actions are due: `cron(minute hour day month weekday year)` and `at(…)`.

Format: the Application Auto Scaling user guide, schedule expressions. Pure.
"""

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import ConfigurationError

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
    at = begin.astimezone(UTC).replace(second=0, microsecond=0)
    while at < end:
        if at >= begin and _due(fields, at.astimezone(local)):
            yield at
        at += timedelta(minutes=1)


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


def _fields(schedule: str, text: str) -> tuple[frozenset[int] | None, ...]:
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


def _due(fields: tuple[frozenset[int] | None, ...], at: datetime) -> bool:
    weekday = at.isoweekday() % 7 + 1
    have = (at.minute, at.hour, at.day, at.month, weekday, at.year)
    last = at.day == calendar.monthrange(at.year, at.month)[1]
    return all(
        wanted is None or value in wanted or (place == 2 and last and 0 in wanted)
        for place, (wanted, value) in enumerate(zip(fields, have, strict=True))
    )

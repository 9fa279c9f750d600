"""Times of curves and options as people write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_TIME: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
# The day of curves that name none: the first of a month, when reports are due.
DAY: Final = datetime(2026, 12, 1, tzinfo=UTC)


def at_second(value: Any) -> datetime:
    """A time of day, a date and time (UTC unless it says otherwise), or seconds from midnight.

    Raises `ValueError`.
    """
    text = str(value).strip()
    clock = _TIME.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        if hours > 23 or minutes > 59 or seconds > 59:
            raise ValueError(f"{text} is no time of a day")
        return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    try:
        return DAY + timedelta(seconds=float(text))
    except ValueError:
        at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def spoken(at: datetime) -> str:
    """As it stands in an answer: `03:00:00`."""
    return at.strftime("%H:%M:%S")


def span(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"

"""Time, passed in. UTC everywhere; telemetry in epoch milliseconds."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time now, with UTC as its zone."""
        ...

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that moves only when told. `at` is epoch milliseconds."""

    def __init__(self, at: int = 1_763_740_800_000) -> None:
        self._ms = at

    def now(self) -> datetime:
        return from_ms(self._ms)

    def now_ms(self) -> int:
        return self._ms

    def advance(self, *, ms: int = 0, seconds: float = 0) -> None:
        self._ms += ms + round(seconds * 1000)


def from_ms(ms: int) -> datetime:
    """Epoch milliseconds as an aware datetime in UTC, exact to the millisecond."""
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)


def to_ms(at: datetime) -> int:
    """An aware datetime as epoch milliseconds, rounded down."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone has no epoch")
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND


def rfc3339(ms: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC with milliseconds, e.g. 2025-11-21T16:00:00.123Z."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


MILLISECOND = timedelta(milliseconds=1)

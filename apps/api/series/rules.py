"""The arithmetic of a series: buckets of time and what is in them. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any, Final

Value = bool | int | float | str
Point = dict[str, Any]

AGGREGATES: Final = ("min", "max", "avg", "last", "count", "sum")
UNITS_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
BUCKET_PATTERN: Final = r"^[1-9][0-9]{0,11}(ms|s|m|h|d)$"


def bucket_ms(text: str) -> int:
    """The milliseconds of a width such as 500ms, 15s, 5m, 1h or 1d; raises `ValueError`."""
    match = re.fullmatch(r"([1-9][0-9]{0,11})(ms|s|m|h|d)", text)
    if match is None:
        raise ValueError("a bucket is a number and ms, s, m, h or d, as in 15m")
    return int(match[1]) * UNITS_MS[match[2]]


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets of `width` ms from `first` on that cover `start` up to, not including, `end`."""

    start: int
    end: int
    first: int
    width: int

    @classmethod
    def of_points(cls, start: int, end: int, points: int) -> "Grid":
        """At most `points` buckets, the first of which begins at `start`."""
        return cls(start, end, start, -(-(end - start) // points))

    @classmethod
    def of_buckets(cls, start: int, end: int, width: int) -> "Grid":
        """Buckets whose edges are multiples of `width` since 1970, whatever `start` is."""
        return cls(start, end, start - start % width, width)

    @property
    def count(self) -> int:
        return -(-(self.end - self.first) // self.width)


@dataclass(slots=True)
class _Bucket:
    """What is known of a bucket's values. `parts` are floats whose exact sum is theirs."""

    count: int = 0
    low: int | float | None = None
    high: int | float | None = None
    last: Value | None = None
    parts: list[float] | None = field(default_factory=list)

    def take(self, values: Sequence[Value]) -> None:
        self.count += len(values)
        self.last = values[-1]
        # A plus sign makes numbers of true and false.
        numbers = [+value for value in values if not isinstance(value, str)]
        if not numbers:
            return
        low, high = min(numbers), max(numbers)
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        if self.parts is not None:
            self.parts = exact_parts([*self.parts, *numbers])

    def aggregates(self) -> Point:
        numeric = self.low is not None and self.parts is not None
        total = fsum(self.parts or ()) if numeric else None
        return {
            "min": self.low,
            "max": self.high,
            "avg": None if total is None else total / self.count,
            "last": self.last,
            "count": self.count,
            "sum": total,
        }


def exact_parts(numbers: Sequence[float]) -> list[float] | None:
    """A few floats with exactly the same sum, so that sums do not depend on how they are cut.

    None if the sum is beyond what a float holds.
    """
    rest, parts = list(numbers), []
    try:
        while total := fsum(rest):
            parts.append(total)
            rest.append(-total)
    except OverflowError:
        return None
    return parts


class Series:
    """Values that come in order of time, as points. Holds one open bucket and the points."""

    def __init__(self, grid: Grid, aggregates: Sequence[str]) -> None:
        self._grid = grid
        self._aggregates = aggregates
        self._points: list[Point] = []
        self._open = _Bucket()

    def add(self, values: Iterable[tuple[int, Value]]) -> None:
        """Take (time in ms, value), not before those taken so far and within the grid."""
        taken: list[Value] = []
        edge = self._edge()
        for at, value in values:
            if at >= edge:
                self._close(taken, (at - self._grid.first) // self._grid.width)
                taken = []
                edge = self._edge()
            taken.append(value)
        if taken:
            self._open.take(taken)

    def points(self) -> list[Point]:
        """Every bucket of the grid: its begin `t` and the aggregates, null where it is empty."""
        self._close([], self._grid.count)
        return self._points

    def _edge(self) -> int:
        return self._grid.first + (len(self._points) + 1) * self._grid.width

    def _close(self, taken: list[Value], upto: int) -> None:
        """End the open bucket and write points before the bucket number `upto`."""
        if taken:
            self._open.take(taken)
        while len(self._points) < upto:
            found = self._open.aggregates()
            at = self._grid.first + len(self._points) * self._grid.width
            self._points.append({"t": at} | {name: found[name] for name in self._aggregates})
            self._open = _Bucket()

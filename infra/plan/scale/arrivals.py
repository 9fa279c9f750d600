"""The rows of a curve as whole arrivals of each second."""

from collections import defaultdict
from collections.abc import Iterator

from infra.plan.scale.curves import Curve, Kind


class Arrivals:
    """What comes in each second. Parts of an arrival are carried on, so that sums hold."""

    def __init__(self, curve: Curve) -> None:
        self._by_second: dict[int, list[tuple[float, int | None]]] = defaultdict(list)
        for row in curve.rows:
            each = row.arrivals if curve.kind is Kind.requests else row.arrivals / row.over_s
            if each:
                for second in range(row.second, row.second + row.over_s):
                    self._by_second[second].append((each, row.hold_s))
        self._left = 0.0

    def at(self, second: int) -> Iterator[tuple[int, int | None]]:
        """Whole arrivals of `second`, to be asked for once and in order, and how long they hold."""
        for each, hold_s in self._by_second.get(second, ()):
            self._left += each
            # Sums of thirds come a hair below whole numbers.
            count = int(self._left + 1e-6)
            self._left -= count
            if count:
                yield count, hold_s

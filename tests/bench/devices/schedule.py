"""When messages are due, and what measured times come to. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A message's due time and how long after it the acknowledgement came, both in seconds.
Timed = tuple[float, float]


@dataclass(frozen=True)
class Schedule:
    """`rate` messages a second from `start` on, by `devices` in turn."""

    start: float
    rate: float
    devices: int

    def due(self, number: int) -> float:
        """When the message `number` of all, counted from 0, is to be sent."""
        return self.start + number / self.rate

    def due_of(self, device: int, place: int) -> float:
        """When the message at `place` of the device in the place `device` is to be sent."""
        return self.due(place * self.devices + device)

    def many(self, now: float) -> int:
        """How many messages are due by `now`."""
        return max(0, math.floor((now - self.start) * self.rate + 1e-6) + 1)

    def each(self, now: float) -> int:
        """How many of one device are due by `now`, where turns do not matter."""
        return max(0, math.floor((now - self.start) * self.rate / self.devices))


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def recovery_s(
    timed: Sequence[Timed], since: float, normal: float, *, step: float = 0.5, stays: int = 4
) -> float:
    """Seconds from `since` until latency is normal and stays it.

    It is normal where the p99 of all that was due in a `step` is at most `normal`, and stays it
    for `stays` steps: what comes later has another cause. All the time there was where it never is.
    """
    steps: dict[int, list[float]] = {}
    for due, latency in timed:
        if due >= since:
            steps.setdefault(int((due - since) / step), []).append(latency)
    well = 0
    for number in sorted(steps):
        well = well + 1 if percentile(steps[number], 0.99) <= normal else 0
        if well == stays:
            return (number + 1 - stays) * step
    return (max(steps, default=-1) + 1) * step

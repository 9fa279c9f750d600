"""What every kind of load has in common: who waits, who is being served, who is gone."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from infra.plan.scale.tasks import Fleet

# Waits in whole seconds, to the end of the second in which they ended, and how many had each.
Waits = list[tuple[int, int]]


class Load(Protocol):
    """A load on the tasks of a service. What came is always `waiting`, `held` or `gone`.

    `tells`: the metrics that it moves; `still`: those that are written all the same, as 0.
    `held`: connected, or being worked on. `refused`: attempts turned away this second; whoever
    comes again waits, whoever does not is gone. `waits`: of those served this second.
    """

    what: str
    tells: frozenset[str]
    still: frozenset[str]
    came: int
    waiting: int
    held: int
    gone: int
    refused: int
    waits: Waits

    def step(self, second: int, fleet: Fleet) -> None:
        """One second of it, on the tasks that are there."""

    def samples(self, second: int) -> Mapping[str, Sequence[float]]:
        """What the tasks tell CloudWatch in this second, by metric."""

    def most(self) -> float:
        """What the fullest task has: devices connected, or a share of its CPU in percent."""

    def average(self) -> float:
        """The same of the average task."""

    def left_waiting(self, second: int) -> int:
        """The longest wait of those who still wait, in seconds."""

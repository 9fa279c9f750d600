"""Taking points from lots, and what must always hold. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Take:
    """Points taken from one lot, above 0."""

    lot_id: int
    points: int


def take(lots: Iterable[tuple[int, int]], points: int) -> tuple[list[Take], int]:
    """Take `points` from lots of (id, remaining), the first ones first.

    Returns what is taken from each, and how many points were not there to take.
    """
    taken: list[Take] = []
    missing = points
    for lot_id, remaining in lots:
        if missing == 0:
            break
        amount = min(remaining, missing)
        if amount > 0:
            taken.append(Take(lot_id, amount))
            missing -= amount
    return taken, missing


def balanced(entries: Sequence[int], remaining: Sequence[int]) -> bool:
    """The invariant of a member's ledger: Σ entries = Σ remaining, and no remaining below 0."""
    return sum(entries) == sum(remaining) and all(left >= 0 for left in remaining)

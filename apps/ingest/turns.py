"""Whose turn it is: each organisation has a queue of its own, and a batch takes from them in turn
(deficit round robin by messages), so what a quiet one sends is in the next batch, however much a
noisy one has waiting.
"""

from collections import deque
from typing import Final, Generic, TypeVar

from shared.readings.parcel import Parcel

# Messages that an organisation may put into a batch before it is the next one's turn.
TURN: Final = 100

S = TypeVar("S")


class _Lane(Generic[S]):
    """What waits of one organisation.

    `credit` is how many messages it may still take in its turn; below zero it took too many.
    """

    __slots__ = ("credit", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[tuple[Parcel, S]] = deque()
        self.credit = 0


class Turns(Generic[S]):
    """Parcels that wait, with who sent them; `messages` is how many messages they have."""

    def __init__(self) -> None:
        self._lanes: dict[int, _Lane[S]] = {}
        # Those with something waiting, the one whose turn it is first, by organisation.
        self._turns: deque[int] = deque()
        self.messages = 0

    def put(self, parcel: Parcel, sender: S) -> None:
        org = parcel.source.org_id
        lane = self._lanes.get(org)
        if lane is None:
            lane = self._lanes[org] = _Lane()
            self._turns.append(org)
        lane.waiting.append((parcel, sender))
        self.messages += parcel.count

    def take(self, rows: int) -> list[tuple[Parcel, S]]:
        """The next parcels: all that wait, or as many as make at least `rows` messages."""
        batch: list[tuple[Parcel, S]] = []
        while self._turns and rows > 0:
            org = self._turns[0]
            lane = self._lanes[org]
            alone = len(self._turns) == 1
            if alone:
                lane.credit = rows
            elif lane.credit <= 0:
                lane.credit += TURN
            moved = _move(lane, batch, rows)
            rows -= moved
            self.messages -= moved
            if not lane.waiting:
                self._turns.popleft()
                del self._lanes[org]
            elif alone:
                lane.credit = 0
            elif lane.credit <= 0:
                self._turns.rotate(-1)
        return batch


def _move(lane: _Lane[S], batch: list[tuple[Parcel, S]], rows: int) -> int:
    """Move parcels to `batch` while there is credit, up to `rows` messages; returns how many."""
    waiting = lane.waiting
    moved = 0
    most = min(lane.credit, rows)
    while waiting and moved < most:
        item = waiting.popleft()
        moved += item[0].count
        batch.append(item)
    lane.credit -= moved
    return moved

"""The queue before the database, fair to organisations: none can starve another.

Each organisation has a queue of its own. A batch takes from them in turn (deficit round robin by
messages), so what a quiet one sends is in the next batch, however much a noisy one has waiting.
Bytes are bounded for each and for all together; at a bound whoever sends is told to stop reading,
and nothing is dropped.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from apps.ingest import metrics
from shared.readings.parcel import Parcel

# Messages that an organisation may put into a batch before it is the next one's turn.
TURN: Final = 100

S = TypeVar("S")


class _Lane(Generic[S]):
    """One organisation: what waits, what is held in all (also while it is committed), who stopped.

    `credit` is how many messages it may still take in its turn; below zero it took too many.
    """

    __slots__ = ("credit", "held", "org", "stopped", "waiting")

    def __init__(self, org: int) -> None:
        self.org = org
        self.waiting: deque[tuple[Parcel, S]] = deque()
        self.held = 0
        self.credit = 0
        self.stopped: set[S] = set()


class FairQueue(Generic[S]):
    """Parcels and who sent them. Bounds are bytes as received, `most` of all and `most_each` of one
    organisation.
    """

    def __init__(self, *, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = min(most_each, most)
        self._lanes: dict[int, _Lane[S]] = {}
        # Those with something waiting, the one whose turn it is first.
        self._turns: deque[_Lane[S]] = deque()
        self._stopped: dict[S, _Lane[S]] = {}
        self.held = 0

    def __bool__(self) -> bool:
        """Whether something waits."""
        return bool(self._turns)

    @property
    def organisations(self) -> int:
        """How many have something here."""
        return len(self._lanes)

    def put(self, parcel: Parcel, sender: S) -> bool:
        """Queue a parcel. False: stop sending until `done` returns the sender."""
        org = parcel.source.org_id
        lane = self._lanes.get(org)
        if lane is None:
            lane = self._lanes[org] = _Lane(org)
        if not lane.waiting:
            self._turns.append(lane)
        lane.waiting.append((parcel, sender))
        lane.held += parcel.size
        self.held += parcel.size
        if lane.held >= self._most_each:
            metrics.PAUSED.labels("organisation").inc()
        elif self.held >= self._most and self._has_its_share(lane):
            metrics.PAUSED.labels("process").inc()
        else:
            return True
        lane.stopped.add(sender)
        self._stopped[sender] = lane
        return False

    def take(self, rows: int) -> list[tuple[Parcel, S]]:
        """The next parcels: all that wait, or as many as make at least `rows` messages."""
        batch: list[tuple[Parcel, S]] = []
        while self._turns and rows > 0:
            lane = self._turns[0]
            alone = len(self._turns) == 1
            if alone:
                lane.credit = rows
            elif lane.credit <= 0:
                lane.credit += TURN
            rows -= _move(lane, batch, rows)
            if alone or not lane.waiting:
                lane.credit = 0
            if not lane.waiting:
                self._turns.popleft()
            elif lane.credit <= 0:
                self._turns.rotate(-1)
        return batch

    def done(self, parcels: Sequence[Parcel]) -> list[S]:
        """Let go of `parcels`; returns the senders that may go on."""
        sizes: dict[int, int] = {}
        for parcel in parcels:
            org = parcel.source.org_id
            sizes[org] = sizes.get(org, 0) + parcel.size
        for org, size in sizes.items():
            self._lanes[org].held -= size
            self.held -= size
            self._leave(self._lanes[org])
        if not self._stopped:
            return []
        free = [lane for lane in set(self._stopped.values()) if self._has_room(lane)]
        senders = [sender for lane in free for sender in lane.stopped]
        for sender in senders:
            self.forget(sender)
        return senders

    def forget(self, sender: S) -> None:
        """The sender is gone, or goes on."""
        lane = self._stopped.pop(sender, None)
        if lane is not None:
            lane.stopped.discard(sender)
            self._leave(lane)

    def clear(self) -> None:
        """Forget everything."""
        self._lanes.clear()
        self._turns.clear()
        self._stopped.clear()
        self.held = 0

    def _leave(self, lane: _Lane[S]) -> None:
        """Forget an organisation of which nothing is here."""
        if not lane.held and not lane.waiting and not lane.stopped:
            self._lanes.pop(lane.org, None)

    def _has_its_share(self, lane: _Lane[S]) -> bool:
        # Whoever has less than its share goes on, up to twice the bound.
        return lane.held * len(self._lanes) >= self._most or self.held >= 2 * self._most

    def _has_room(self, lane: _Lane[S]) -> bool:
        if lane.held > self._most_each // 2:
            return False
        share = self._most // (2 * len(self._lanes))
        return self.held <= self._most // 2 or (lane.held <= share and self.held < self._most)


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

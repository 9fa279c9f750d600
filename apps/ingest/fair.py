"""The queue before the database, fair to organisations: none can starve another.

Batches take from organisations in turn. Bytes are bounded for each and for all together; at a
bound whoever sends is told to stop reading, and nothing is dropped.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

from apps.ingest import metrics
from apps.ingest.turns import Turns
from shared.readings.parcel import Parcel

S = TypeVar("S")


class _Account(Generic[S]):
    """One organisation: parcels and bytes held, also while they are committed, and who stopped."""

    __slots__ = ("held", "org", "parcels", "stopped")

    def __init__(self, org: int) -> None:
        self.org = org
        self.held = 0
        self.parcels = 0
        self.stopped: set[S] = set()


class FairQueue(Generic[S]):
    """Parcels and who sent them. Bounds are bytes as received, `most` of all and `most_each` of one
    organisation.

    It has `lanes`, which several writers may empty; all parcels of a device are in one, in order.
    """

    def __init__(self, *, most: int, most_each: int, lanes: int = 1) -> None:
        self._most = most
        self._most_each = min(most_each, most)
        self._accounts: dict[int, _Account[S]] = {}
        self._turns: list[Turns[S]] = [Turns() for _ in range(lanes)]
        self._stopped: dict[S, _Account[S]] = {}
        self.held = 0

    def __bool__(self) -> bool:
        """Whether something is here: waiting, being committed, or stopped."""
        return bool(self._accounts)

    @property
    def organisations(self) -> int:
        """How many have something here."""
        return len(self._accounts)

    @property
    def waiting(self) -> list[int]:
        """Messages that wait in each lane."""
        return [turns.messages for turns in self._turns]

    @property
    def messages(self) -> int:
        """Messages that wait."""
        return sum(turns.messages for turns in self._turns)

    def put(self, parcel: Parcel, sender: S) -> bool:
        """Queue a parcel. False: stop sending until `done` returns the sender."""
        account = self._accounts.get(parcel.source.org_id)
        if account is None:
            account = self._accounts[parcel.source.org_id] = _Account(parcel.source.org_id)
        self._turns[parcel.source.device_id % len(self._turns)].put(parcel, sender)
        account.parcels += 1
        account.held += parcel.size
        self.held += parcel.size
        if account.held >= self._most_each:
            metrics.PAUSED.labels("organisation").inc()
        elif self.held >= self._most and self._has_its_share(account):
            metrics.PAUSED.labels("process").inc()
        else:
            return True
        account.stopped.add(sender)
        self._stopped[sender] = account
        return False

    def take(self, rows: int, lanes: Sequence[int] = (0,)) -> list[tuple[Parcel, S]]:
        """The next parcels of `lanes`: all that wait, or as many as make at least `rows` messages
        a lane.
        """
        return [item for lane in lanes for item in self._turns[lane].take(rows)]

    def done(self, parcels: Sequence[Parcel]) -> list[S]:
        """Let go of `parcels`; returns the senders that may go on."""
        for parcel in parcels:
            account = self._accounts[parcel.source.org_id]
            account.parcels -= 1
            account.held -= parcel.size
            self.held -= parcel.size
            self._leave(account)
        if not self._stopped:
            return []
        free = [account for account in set(self._stopped.values()) if self._has_room(account)]
        senders = [sender for account in free for sender in account.stopped]
        for sender in senders:
            self.forget(sender)
        return senders

    def forget(self, sender: S) -> None:
        """The sender is gone, or goes on."""
        account = self._stopped.pop(sender, None)
        if account is not None:
            account.stopped.discard(sender)
            self._leave(account)

    def clear(self) -> None:
        """Forget everything."""
        self._accounts.clear()
        self._turns = [Turns() for _ in self._turns]
        self._stopped.clear()
        self.held = 0

    def _leave(self, account: _Account[S]) -> None:
        """Forget an organisation of which nothing is here."""
        if not account.parcels and not account.stopped:
            self._accounts.pop(account.org, None)

    def _has_its_share(self, account: _Account[S]) -> bool:
        # Whoever has less than its share goes on, up to twice the bound.
        return account.held * len(self._accounts) >= self._most or self.held >= 2 * self._most

    def _has_room(self, account: _Account[S]) -> bool:
        if account.held > self._most_each // 2:
            return False
        share = self._most // (2 * len(self._accounts))
        return self.held <= self._most // 2 or (account.held <= share and self.held < self._most)

"""Which hellos are judged now, later, or not at all.

Everybody passes a token bucket. An address from which wrong tokens come has a smaller one of its
own kind, unless the token is one that was right before: so neither other devices nor the owner
of a token pay for somebody's guessing. Only when more come from such addresses than can be read
in time are some closed unread, and the owner has to try again. A device whose copies keep
replacing each other waits.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from apps.ingest import metrics
from apps.ingest.gate import Bucket, Tally
from apps.ingest.settings import IngestSettings

WINDOW_S: Final = 60.0
# Addresses, uids and tokens that are remembered.
MOST_KEYS: Final = 20_000
# Of the rate of hellos, what guessing addresses get together.
SUSPECT_SHARE: Final = 0.1
# Of the rate of hellos, how many connections from guessing addresses are read at all: a token that
# was right before may be among them, and reading all of them may be all there is time for.
SUSPECT_READ: Final = 0.25
# Of a batch, what is kept for them.
SUSPECT_ROOM: Final = 0.1
# When nobody else comes they are looked up so seldom, and many at once: guessing is to cost little.
SUSPECT_S: Final = 0.1
RETRY_MS: Final = 2_000
# A wrong token is answered this much later for each one above the allowed, up to the longest.
REFUSAL_S: Final = 0.1
LONGEST_REFUSAL_S: Final = 3.0
MOST_REFUSALS: Final = 5_000
# Connections of one device that replaced each other within the window before the next one waits.
SWAPS: Final = 5
SWAP_S: Final = 0.5
LONGEST_SWAP_S: Final = 5.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Busy:
    """Not now; `retry_ms` says when."""

    retry_ms: int


class Entrance(Generic[T]):
    """Hellos on their way to be judged, of which `take` gives the next ones."""

    def __init__(self, settings: IngestSettings) -> None:
        rate = settings.hello_rate
        self._most = settings.most_waiting
        self._by_address = settings.by_address
        self._all = Bucket(rate, settings.hello_burst)
        self._suspects = Bucket(max(1.0, rate * SUSPECT_SHARE), max(1.0, rate * SUSPECT_SHARE))
        self._read = Bucket(rate * SUSPECT_READ, max(1.0, rate * SUSPECT_READ))
        allowed = settings.wrong_tokens
        self._addresses = Tally(allowed=allowed, window_s=WINDOW_S, most=MOST_KEYS)
        self._uids = Tally(allowed=allowed, window_s=WINDOW_S, most=MOST_KEYS)
        self._swaps = Tally(allowed=SWAPS, window_s=WINDOW_S, most=MOST_KEYS)
        self._waiting: deque[T] = deque()
        self._waiting_suspects: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._suspects_due = False
        self._refusals = 0

    def reads(self, address: str) -> bool:
        """Whether to read what a new connection from `address` says."""
        now = time.monotonic()
        if not self._by_address or not self._addresses.above(address, now):
            return True
        return self._read.take(now) == 0

    def enter(self, item: T, *, address: str, token: bytes, known: bool) -> Busy | None:
        """Queue a hello; `known` if its token was right before. Busy: it is not queued."""
        now = time.monotonic()
        suspect = not known and self._by_address and self._addresses.above(address, now) > 0
        bucket, queue = (
            (self._suspects, self._waiting_suspects) if suspect else (self._all, self._waiting)
        )
        wait = bucket.take(now)
        if wait or len(queue) >= self._most:
            metrics.HELLOS.labels("suspect" if suspect else "busy").inc()
            return Busy(spread(wait))
        above = self._swaps.above(token, now)
        if above:
            metrics.HELLOS.labels("swapping").inc()
            late = min(SWAP_S * above, LONGEST_SWAP_S)
            asyncio.get_running_loop().call_later(late, self._queue, queue, item)
        else:
            self._queue(queue, item)
        return None

    async def take(self, most: int) -> list[T]:
        """The next hellos to judge, at least one and at most `most`."""
        taken: list[T] = []
        while not taken:
            await self._arrived.wait()
            kept = min(int(most * SUSPECT_ROOM), len(self._waiting_suspects))
            taken = _pop(self._waiting, most - kept)
            taken += _pop(self._waiting_suspects, most - len(taken))
            if not self._waiting:
                self._arrived.clear()
            if self._waiting_suspects:
                self._expect_suspects()
        metrics.WAITING.set(len(self._waiting) + len(self._waiting_suspects))
        return taken

    def swapped(self, token: bytes) -> None:
        """A device's hello ended another connection of the same device."""
        self._swaps.add(token, time.monotonic())

    def refuse(self, answer: Callable[[], None], *, address: str, uid: str) -> None:
        """Answer a wrong token, the later the more of them came lately."""
        now = time.monotonic()
        above = self._uids.add(uid, now)
        if self._by_address:
            above = max(above, self._addresses.add(address, now))
        if not above or self._refusals >= MOST_REFUSALS:
            answer()
            return
        self._refusals += 1
        metrics.REFUSALS_HELD.set(self._refusals)
        late = min(REFUSAL_S * above, LONGEST_REFUSAL_S)
        asyncio.get_running_loop().call_later(late, self._refused, answer)

    def _refused(self, answer: Callable[[], None]) -> None:
        self._refusals -= 1
        metrics.REFUSALS_HELD.set(self._refusals)
        answer()

    def _queue(self, queue: deque[T], item: T) -> None:
        queue.append(item)
        if queue is self._waiting:
            self._arrived.set()
        else:
            self._expect_suspects()

    def _expect_suspects(self) -> None:
        if not self._suspects_due:
            self._suspects_due = True
            asyncio.get_running_loop().call_later(SUSPECT_S, self._let_suspects)

    def _let_suspects(self) -> None:
        self._suspects_due = False
        self._arrived.set()


def spread(wait_s: float = 0.0) -> int:
    """How long somebody should stay away for whom there is a place in `wait_s`, ms."""
    return round(wait_s * 1000) + RETRY_MS + random.randrange(RETRY_MS)  # noqa: S311 - spreads load, no secret


def _pop(queue: deque[T], most: int) -> list[T]:
    return [queue.popleft() for _ in range(min(most, len(queue)))]

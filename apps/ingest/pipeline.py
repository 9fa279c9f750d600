"""The bounded queue between sockets and the database, and what empties it.

While one batch is being committed the next one gathers: batches grow with the load by
themselves, and a lone reading never waits. Two writers share the devices, so that the database
works on one batch while the other is prepared; what a device sends goes through one of them at a
time, in order.
"""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from apps.ingest import metrics
from apps.ingest.fair import FairQueue
from apps.ingest.salvage import split
from apps.ingest.shifts import Shifts
from apps.ingest.telling import Telling
from shared.bus import Bus
from shared.db import Database
from shared.readings.failures import Failure, classify, is_database_error, name
from shared.readings.parcel import Parcel
from shared.readings.plan import Taken
from shared.readings.store import Store
from shared.telemetry.clean import clean

# A commit that takes longer than this is tried again on another connection.
COMMIT_S: Final = 20.0
# How long the database has to show that it answers.
ANSWER_S: Final = 5.0
FIRST_WAIT_S: Final = 0.02
LONGEST_WAIT_S: Final = 1.0

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Whose parcels these are."""

    def committed(self, parcels: Sequence[Parcel]) -> None:
        """These parcels are committed: acknowledge them."""
        ...

    def room(self) -> None:
        """The queue has room again."""
        ...

    def replace(self) -> None:
        """Its device is on another task now: end."""
        ...

    def abort(self) -> None:
        """Cut the connection: the device comes back and sends what was not acknowledged."""
        ...


class Pipeline:
    """Takes parcels from connections, commits them in order, tells the connections."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        store: Store,
        *,
        task: str,
        writers: int,
        most_rows: int,
        most_bytes: int,
        most_bytes_each: int,
    ) -> None:
        self._database = database
        self._telling = Telling(bus)
        self._store = store
        self._task = task
        self._most_rows = most_rows
        self._queue: FairQueue[Sender] = FairQueue(
            most=most_bytes, most_each=most_bytes_each, lanes=writers
        )
        self._shifts = Shifts(writers)
        # For each writer, whether there may be something to do.
        self._changed = [asyncio.Event() for _ in range(writers)]
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def held(self) -> int:
        """Bytes received and not yet committed."""
        return self._queue.held

    def put(self, parcel: Parcel, sender: Sender) -> bool:
        """Queue a parcel. False: the queue is full now, so stop reading until `room`."""
        self._idle.clear()
        room = self._queue.put(parcel, sender)
        if self._shifts.changes(self._queue.messages):
            self._wake()
        return room

    def forget(self, sender: Sender) -> None:
        """The sender is gone; what it sent is still committed."""
        self._queue.forget(sender)

    async def drained(self) -> None:
        """Wait until everything that was put is committed and told of."""
        await self._idle.wait()
        await self._telling.told()

    def reset(self) -> None:
        """Forget what is queued and not acknowledged; its connections must be cut."""
        self._queue.clear()
        self._idle.set()

    async def run(self) -> None:
        """Commit until cancelled."""
        telling = asyncio.create_task(self._telling.run())
        try:
            async with asyncio.TaskGroup() as group:
                for writer in range(len(self._changed)):
                    group.create_task(self._write(writer))
        finally:
            telling.cancel()

    async def _write(self, writer: int) -> None:
        changed = self._changed[writer]
        while True:
            await changed.wait()
            lanes = self._shifts.begin(writer, self._queue.waiting)
            if not lanes:
                changed.clear()
                continue
            try:
                await self._empty(writer, lanes)
            finally:
                self._shifts.end(writer)
                self._wake()

    def _wake(self) -> None:
        for changed in self._changed:
            changed.set()

    async def _empty(self, writer: int, lanes: Sequence[int]) -> None:
        batch = self._queue.take(self._most_rows, lanes)
        parcels = [parcel for parcel, _ in batch]
        metrics.BATCH_ROWS.observe(sum(parcel.count for parcel in parcels))
        started = time.perf_counter()
        taken = await self._commit(writer, parcels)
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
        self._acknowledge(batch)
        self._let_go(batch, taken)
        self._release(parcels)
        self._telling.put(taken)

    def _acknowledge(self, batch: list[tuple[Parcel, Sender]]) -> None:
        by_sender: dict[Sender, list[Parcel]] = {}
        for parcel, sender in batch:
            by_sender.setdefault(sender, []).append(parcel)
        for sender, parcels in by_sender.items():
            try:
                sender.committed(parcels)
            except Exception:
                # One connection's trouble must not end everyone's acknowledgements.
                log.exception("a device could not be told what was committed")

    def _let_go(self, batch: list[tuple[Parcel, Sender]], taken: Sequence[Taken]) -> None:
        """End the connections whose device the commit found on another task."""
        moved = {
            item.parcel.source.device_id for item in taken if item.task not in (self._task, "")
        }
        for sender in {sender for parcel, sender in batch if parcel.source.device_id in moved}:
            sender.replace()

    def _release(self, parcels: Sequence[Parcel]) -> None:
        free = self._queue.done(parcels)
        metrics.HELD_BYTES.set(self._queue.held)
        metrics.HELD_ORGANISATIONS.set(self._queue.organisations)
        if not self._queue:
            self._idle.set()
        for sender in free:
            sender.room()

    async def _commit(self, writer: int, parcels: Sequence[Parcel]) -> list[Taken]:
        """Commit `parcels`, however often it takes; refused rows become dead letters."""
        look_up = unforeseen = False
        wait = FIRST_WAIT_S
        while True:
            try:
                async with asyncio.timeout(COMMIT_S):
                    taken = await self._store.commit(
                        self._database, parcels, look_up=look_up, writer=writer
                    )
            except Exception as error:  # noqa: BLE001 - nothing may end this loop
                failure = await self._judge(error, again=unforeseen)
                unforeseen = not is_database_error(error)
                metrics.RETRIES.labels(failure.name, name(error)).inc()
                if failure is Failure.poison:
                    log.warning("the database refuses a row: %s", clean(str(error)))
                    return await self._salvage(writer, parcels, error)
                log.warning("not committed, trying again: %s", clean(str(error)))
                # The commit may have happened and only its answer been lost.
                look_up = True
                await asyncio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, no secret
                wait = min(wait * 2, LONGEST_WAIT_S)
            else:
                _count(taken)
                return taken

    async def _judge(self, error: Exception, *, again: bool) -> Failure:
        """What to do about `error`.

        One that is not the database's is a bug. Some row provokes it if it comes again while the
        database answers; otherwise it is how a driver puts that a connection is gone.
        """
        if is_database_error(error):
            return classify(error)
        log.error("a batch could not be written", exc_info=error)
        if not again:
            return Failure.reconnect
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                return Failure.poison if await self._database.reachable() else Failure.reconnect
        return Failure.reconnect

    async def _salvage(
        self, writer: int, parcels: Sequence[Parcel], error: Exception
    ) -> list[Taken]:
        """Commit `parcels` in halves, down to the row that is refused."""
        taken = []
        for part in split(parcels, clean(str(error))):
            taken += await self._commit(writer, part)
        return taken


def _count(taken: Sequence[Taken]) -> None:
    metrics.BATCHES.inc()
    metrics.MESSAGES.labels("reading").inc(sum(len(item.readings) for item in taken))
    metrics.MESSAGES.labels("event").inc(sum(len(item.events) for item in taken))
    metrics.MESSAGES.labels("dead_letter").inc(sum(len(item.parcel.dead) for item in taken))

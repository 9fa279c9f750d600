"""Working jobs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import Bus
from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.jobs import leases
from shared.models import Job
from shared.telemetry.clean import clean

Handler = Callable[[AsyncSession, dict[str, Any]], Awaitable[None]]

LEASE = timedelta(seconds=60)
KEEP_DONE = timedelta(days=1)
ATTEMPTS = 10
POLL_S = 2.0
BATCH = 20
LONGEST_WAIT_S = 3_600
# What is under way when the process goes away may still end in this time.
GRACE_S = 0.5
TIDY_S = 30.0
TIDY_ROUNDS = 20
LONGEST_ERROR = 500

WAITING = Gauge("fortress_jobs_waiting", "Jobs that are due and not claimed", ["queue"])
ENDED = Counter("fortress_jobs_total", "Jobs by how an attempt ended", ["queue", "outcome"])

log = logging.getLogger(__name__)


class Worker:
    """Claims jobs of one queue and hands each to `handler`, in a transaction with its end.

    The handler gets the session of that transaction and the payload; what it writes and that the
    job is done commit together. It may run again after a crash, never after that commit. It has
    nine tenths of `lease` for a job; then it is cancelled and the job is tried again later. After
    `ATTEMPTS` the job is dead: it stays, with its last error.

    For jobs that go on for longer, `longest` is what one may take: its lease is renewed meanwhile,
    so that a short lease still tells soon that a worker is gone. Such a worker should claim only a
    `batch` that it begins at once, and its handler use the session at its end only: where a
    transaction that writes has the whole database, the lease could not be renewed meanwhile.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        queue: str,
        handler: Handler,
        *,
        clock: Clock | None = None,
        lease: timedelta = LEASE,
        keep_done: timedelta = KEEP_DONE,
        longest: timedelta | None = None,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._bus = bus
        self._queue = queue
        self._handler = handler
        self._clock = clock or SystemClock()
        self._lease = lease
        self._keep_done = keep_done
        self._longest = longest
        self._batch = batch
        self._woken = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set: at once when woken by the bus, else every few seconds.

        Ends within a second of `stop`; what was claimed and not done is given back.
        """
        helpers = [asyncio.create_task(self._listen()), asyncio.create_task(self._tidy_always())]
        try:
            while not stop.is_set():
                self._woken.clear()
                if not await self._work_safely(stop):
                    await _first_of(self._woken.wait(), stop.wait(), seconds=POLL_S)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.wait(helpers)

    async def work_once(self, stop: asyncio.Event | None = None) -> int:
        """Claim and work up to a batch of jobs that are due. Returns how many were claimed."""
        jobs = await self._claim()
        for number, job in enumerate(jobs):
            if stop is not None and stop.is_set():
                await self._release(jobs[number:])
                break
            await self._work(job, stop or asyncio.Event())
        return len(jobs)

    async def tidy(self) -> None:
        """Count what waits and delete what was done long ago, a little at a time."""
        now = self._clock.now()
        async with self._database.read() as reading:
            WAITING.labels(self._queue).set(await leases.waiting(reading, self._queue, now))
        for _ in range(TIDY_ROUNDS):
            async with self._database.unit_of_work() as session:
                pruned = await leases.prune(session, self._queue, now=now, keep=self._keep_done)
            if pruned < leases.PRUNED_AT_ONCE:
                break

    async def _listen(self) -> None:
        """Turn messages of the bus into one wake-up, however many came meanwhile."""
        subscription = await self._bus.subscribe(f"job:{self._queue}")
        try:
            async for _ in subscription:
                self._woken.set()
        finally:
            await subscription.close()

    async def _tidy_always(self) -> None:
        while True:
            try:
                await self.tidy()
            except Exception:
                log.exception("the queue %s could not be tidied, will try again", self._queue)
            await asyncio.sleep(TIDY_S)

    async def _work_safely(self, stop: asyncio.Event) -> int:
        try:
            return await self.work_once(stop)
        except Exception:
            log.exception("the queue %s could not be worked, will try again", self._queue)
            return 0

    async def _claim(self) -> list[Job]:
        now = self._clock.now()
        async with self._database.read() as reading:
            # Most looks find nothing: they should not take SQLite's one write lock.
            if not await leases.any_due(reading, self._queue, now):
                return []
        async with self._database.unit_of_work() as session:
            jobs = await leases.claim(
                session,
                self._queue,
                new_id("lse"),
                now=now,
                until=now + self._lease,
                limit=self._batch,
                attempts=ATTEMPTS,
            )
        for job in jobs:
            if job.status == "dead":
                self._note_dead(job, leases.LOST)
        return [job for job in jobs if job.status == "running"]

    async def _work(self, job: Job, stop: asyncio.Event) -> None:
        """Work one job to its end; when `stop` is set, give it a moment, then give it back."""
        if not await self._hold(job):
            return
        attempt = asyncio.create_task(self._attempt(job))
        try:
            await _first_of(_join(attempt), stop.wait())
            await asyncio.wait([attempt], timeout=GRACE_S)
        finally:
            attempt.cancel()
            await asyncio.wait([attempt])
        if attempt.cancelled():
            await self._release([job])
        elif (error := attempt.exception()) is not None:
            await self._fail(job, error)

    async def _hold(self, job: Job) -> bool:
        """Whether the lease is long enough to begin; it is renewed when others took their time."""
        now = self._clock.now()
        assert job.lease_until is not None
        if job.lease_until - now > self._lease * 0.95:
            return True
        async with self._database.unit_of_work() as session:
            return await leases.renew(session, job, now + self._lease)

    async def _attempt(self, job: Job) -> None:
        async with (
            asyncio.timeout((self._longest or self._lease * 0.9).total_seconds()),
            self._database.unit_of_work() as session,
        ):
            async with self._held(job):
                await self._handler(session, job.payload)
            if not await leases.finish(session, job, now=self._clock.now()):
                # Another worker has the job: it does, or did, the same work.
                await session.rollback()
                log.warning("job %s of queue %s was lost to another worker", job.key, job.queue)
                ENDED.labels(self._queue, "lost").inc()
                return
        ENDED.labels(self._queue, "done").inc()

    @asynccontextmanager
    async def _held(self, job: Job) -> AsyncIterator[None]:
        """Inside the block the lease of a job that may go on for longer is renewed."""
        working = asyncio.current_task()
        if self._longest is None or working is None:
            yield
            return
        keeping = asyncio.create_task(self._keep(job, working))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])

    async def _keep(self, job: Job, working: asyncio.Task[Any]) -> None:
        """Renew the lease again and again. Work on a job that is no longer ours is called off."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 4)
            try:
                async with self._database.unit_of_work() as session:
                    ours = await leases.renew(session, job, self._clock.now() + self._lease)
            except Exception:
                log.exception("the lease of job %s could not be renewed, will try again", job.key)
                continue
            if not ours:
                log.warning("job %s of queue %s was lost to another worker", job.key, job.queue)
                ENDED.labels(self._queue, "lost").inc()
                working.cancel()
                return

    async def _fail(self, job: Job, error: BaseException) -> None:
        log.error("job %s of queue %s failed", job.key, job.queue, exc_info=error)
        now = self._clock.now()
        dead = job.attempts >= ATTEMPTS
        wait = timedelta(seconds=min(2**job.attempts, LONGEST_WAIT_S))
        text = clean(f"{type(error).__name__}: {error}", LONGEST_ERROR)
        async with self._database.unit_of_work() as session:
            retry = None if dead else now + wait
            ours = await leases.fail(session, job, text, now=now, retry=retry)
        ENDED.labels(self._queue, "failed").inc()
        if dead and ours:
            self._note_dead(job, text)

    async def _release(self, jobs: list[Job]) -> None:
        async with self._database.unit_of_work() as session:
            for job in jobs:
                await leases.release(session, job)

    def _note_dead(self, job: Job, reason: str) -> None:
        ENDED.labels(self._queue, "dead").inc()
        log.error("job %s of queue %s is dead: %s", job.key, job.queue, reason)


async def _join(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])


async def _first_of(*waits: Awaitable[object], seconds: float | None = None) -> None:
    """Until one of `waits` is over or `seconds` have passed; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

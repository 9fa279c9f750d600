"""Working jobs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import Bus
from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.db.dialect import lock_rows
from shared.ids import new_id
from shared.models import Job

Handler = Callable[[AsyncSession, dict[str, Any]], Awaitable[None]]

LEASE = timedelta(seconds=60)
ATTEMPTS = 10
POLL_S = 2.0
BATCH = 20
LONGEST_WAIT_S = 3_600

log = logging.getLogger(__name__)


class Worker:
    """Claims jobs of one queue and hands each to `handler`, in a transaction with its end.

    The handler gets the session of that transaction and the payload; what it writes and that the
    job is done commit together. It may run again after a crash, never after that commit.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        queue: str,
        handler: Handler,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._queue = queue
        self._handler = handler
        self._clock = clock or SystemClock()
        self._lease = new_id("wrk")

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set: at once when woken by the bus, else every few seconds."""
        subscription = await self._bus.subscribe(f"job:{self._queue}")
        try:
            while not stop.is_set():
                if not await self._work_safely():
                    await self._wait(subscription.get(POLL_S), stop)
        finally:
            await subscription.close()

    async def _wait(self, message: Awaitable[object], stop: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(message), asyncio.ensure_future(stop.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _work_safely(self) -> int:
        try:
            return await self.work_once()
        except Exception:
            log.exception("the queue %s could not be worked, will try again", self._queue)
            return 0

    async def work_once(self) -> int:
        """Claim and work up to a batch of jobs that are due. Returns how many were claimed."""
        jobs = await self._claim()
        for job in jobs:
            await self._work(job)
        return len(jobs)

    async def _claim(self) -> list[Job]:
        now = self._clock.now()
        due = (
            select(Job)
            .where(
                Job.queue == self._queue,
                or_(
                    (Job.status == "ready") & (Job.run_after <= now),
                    (Job.status == "running") & (Job.lease_until < now),
                ),
            )
            .order_by(Job.id)
            .limit(BATCH)
        )
        async with self._database.unit_of_work() as session:
            jobs = list((await session.scalars(lock_rows(due, skip_locked=True))).all())
            for job in jobs:
                job.status = "running"
                job.lease = self._lease
                job.lease_until = now + LEASE
                job.attempts += 1
        return jobs

    async def _work(self, job: Job) -> None:
        try:
            async with self._database.unit_of_work() as session:
                await self._handler(session, job.payload)
                if not await self._finish(session, job):
                    await session.rollback()
        except Exception as error:
            log.exception("job %s of queue %s failed", job.key, job.queue)
            await self._fail(job, error)

    async def _finish(self, session: AsyncSession, job: Job) -> bool:
        """Mark the job done, if its lease is still ours."""
        result = await session.execute(
            update(Job)
            .where(Job.id == job.id, Job.lease == self._lease, Job.status == "running")
            .values(status="done", finished_at=self._clock.now(), error=None)
        )
        return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one

    async def _fail(self, job: Job, error: Exception) -> None:
        now = self._clock.now()
        dead = job.attempts >= ATTEMPTS
        wait = timedelta(seconds=min(2**job.attempts, LONGEST_WAIT_S))
        async with self._database.unit_of_work() as session:
            await session.execute(
                update(Job)
                .where(Job.id == job.id, Job.lease == self._lease)
                .values(
                    status="dead" if dead else "ready",
                    run_after=now + wait,
                    error=f"{type(error).__name__}: {error}"[:500],
                )
            )

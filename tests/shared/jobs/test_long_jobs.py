"""Jobs that take longer than a lease."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.jobs import Worker
from shared.models import Job
from tests.shared.jobs.conftest import Queue
from tests.support.until import until

SHORT = timedelta(seconds=0.4)
LONG = timedelta(seconds=30)


def worker(queue: Queue, work: Callable[[], Awaitable[None]], **options: Any) -> Worker:
    """A worker that, as long jobs should, leaves its session alone before the end."""

    async def handler(session: AsyncSession, payload: dict[str, Any]) -> None:
        await work()
        await queue.effect(session, payload)

    return Worker(queue.database, queue.bus, queue.name, handler, **options)


async def test_a_job_longer_than_its_lease_stays_with_its_worker(live: Queue) -> None:
    async def until_renewed() -> None:
        first = (await live.job("a")).lease_until
        await until(lambda: _renewed(live, first), "a longer lease")
        await until(lambda: _renewed(live, first, SHORT), "a lease that outlives the first")
        assert await live.worker(longest=LONG).work_once() == 0

    await live.add("a")
    await worker(live, until_renewed, lease=SHORT, longest=LONG).work_once()
    job = await live.job("a")
    assert (job.status, job.attempts) == ("done", 1)
    assert await live.effects("a") == 1


async def _renewed(queue: Queue, first: Any, by: timedelta = timedelta(0)) -> bool:
    now = (await queue.job("a")).lease_until
    assert now is not None
    return bool(now > first + by)


async def test_work_on_a_job_that_another_has_taken_is_called_off(live: Queue) -> None:
    called_off = asyncio.Event()

    async def lose() -> None:
        async with live.database.unit_of_work() as session:
            taken = update(Job).where(Job.queue == live.name).values(lease="lse_other")
            await session.execute(taken)
        try:
            await asyncio.Event().wait()
        finally:
            called_off.set()

    await live.add("a")
    await worker(live, lose, lease=SHORT, longest=LONG).work_once()
    assert called_off.is_set()
    job = await live.job("a")
    assert (job.status, job.lease, job.attempts) == ("running", "lse_other", 1)
    assert await live.effects("a") == 0


async def test_a_job_that_takes_longer_than_it_may_is_tried_again(live: Queue) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    await live.add("a")
    await worker(live, hang, longest=timedelta(seconds=0.2)).work_once()
    job = await live.job("a")
    assert (job.status, job.error) == ("ready", "TimeoutError: ")


async def test_a_worker_of_long_jobs_leaves_the_next_one_to_others(live: Queue) -> None:
    await live.add("a", "b")
    assert await live.worker(longest=LONG, batch=1).work_once() == 1
    assert await live.statuses() == {"a": "done", "b": "ready"}

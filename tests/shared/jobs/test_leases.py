"""Several workers, and workers that crash."""

import asyncio
from datetime import timedelta
from typing import Any

from shared.ids import new_id
from shared.jobs import leases
from shared.jobs.worker import ATTEMPTS, LEASE
from shared.models import Job
from tests.shared.jobs.conftest import Queue


async def claim(queue: Queue, limit: int = 20) -> list[Job]:
    """What a worker does before it crashes."""
    now = queue.clock.now()
    async with queue.database.unit_of_work() as session:
        return await leases.claim(
            session,
            queue.name,
            new_id("lse"),
            now=now,
            until=now + LEASE,
            limit=limit,
            attempts=ATTEMPTS,
        )


async def test_what_is_under_a_lease_is_left_alone(queue: Queue) -> None:
    await queue.add("a")
    await claim(queue)
    assert await queue.worker().work_once() == 0
    assert (await queue.job("a")).status == "running"


async def test_after_a_crash_another_takes_over_when_the_lease_is_over(queue: Queue) -> None:
    await queue.add("a")
    await claim(queue)
    queue.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await queue.worker().work_once() == 1
    assert await queue.effects("a") == 1
    assert (await queue.job("a")).attempts == 2


async def test_whoever_lost_the_lease_keeps_nothing(queue: Queue) -> None:
    """The first is slow; the second takes over and ends before the first does."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    first, second = queue.worker(), queue.worker()

    async def slow_at_first(session: Any, payload: dict[str, Any]) -> None:
        if not reached.is_set():
            reached.set()
            await go_on.wait()
        await queue.effect(session, payload)

    first._handler = slow_at_first
    await queue.add("a")
    slow = asyncio.create_task(first.work_once())
    await reached.wait()
    queue.clock.advance(seconds=LEASE.total_seconds() + 1)
    await second.work_once()
    go_on.set()
    await slow
    assert queue.calls == ["a", "a"]
    assert await queue.effects("a") == 1
    assert (await queue.job("a")).status == "done"


async def test_whoever_lost_the_lease_cannot_fail_the_job_either(queue: Queue) -> None:
    await queue.add("a")
    (old,) = await claim(queue)
    queue.clock.advance(seconds=LEASE.total_seconds() + 1)
    await claim(queue)
    async with queue.database.unit_of_work() as session:
        assert not await leases.fail(session, old, "x", now=queue.clock.now(), retry=None)
        assert not await leases.release(session, old)
        assert not await leases.renew(session, old, queue.clock.now())
    assert (await queue.job("a")).status == "running"


async def test_workers_that_race_do_each_job_once(queue: Queue) -> None:
    keys = [f"{number:03d}" for number in range(60)]
    await queue.add(*keys)

    async def drain() -> None:
        worker = queue.worker()
        while "ready" in (await queue.statuses()).values():
            await worker.work_once()

    await asyncio.gather(drain(), drain(), drain())
    assert sorted(queue.calls) == keys
    assert {await queue.effects(key) for key in keys} == {1}


async def test_a_job_that_ends_its_worker_every_time_is_dead_in_the_end(queue: Queue) -> None:
    await queue.add("a")
    for _ in range(ATTEMPTS):
        assert len(await claim(queue)) == 1
        queue.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await queue.worker().work_once() == 0
    job = await queue.job("a")
    assert (job.status, job.error) == ("dead", leases.LOST)
    assert queue.calls == []


async def test_jobs_that_wait_in_a_slow_batch_stay_ours(queue: Queue) -> None:
    """Each takes most of a lease, so the second begins when the first lease is nearly over."""

    async def slow(_payload: dict[str, Any]) -> None:
        queue.clock.advance(seconds=LEASE.total_seconds() * 0.8)

    queue.hook = slow
    await queue.add("a", "b", "c")
    await queue.worker().work_once()
    assert await queue.statuses() == {"a": "done", "b": "done", "c": "done"}
    assert queue.calls == ["a", "b", "c"]


async def test_a_job_taken_over_before_its_turn_is_not_begun(queue: Queue) -> None:
    taken = asyncio.Event()

    async def lose_the_others(_payload: dict[str, Any]) -> None:
        if not taken.is_set():
            taken.set()
            queue.clock.advance(seconds=LEASE.total_seconds() + 1)

    queue.hook = lose_the_others
    await queue.add("a", "b")
    first = queue.worker()
    jobs = await first._claim()
    queue.clock.advance(seconds=LEASE.total_seconds() + 1)
    await queue.worker().work_once()
    for job in jobs:
        await first._work(job, asyncio.Event())
    assert sorted(queue.calls) == ["a", "b"]


async def test_a_claim_of_many_is_bounded(queue: Queue) -> None:
    await queue.add(*[str(number) for number in range(5)])
    assert len(await claim(queue, limit=3)) == 3
    assert len(await claim(queue, limit=3)) == 2
    queue.clock.advance(seconds=LEASE.total_seconds() + 1)
    await queue.add("new")
    assert {job.key for job in await claim(queue, limit=3)} >= {"new"}


async def test_a_lease_that_was_renewed_is_longer(queue: Queue) -> None:
    await queue.add("a")
    (job,) = await claim(queue)
    later = queue.clock.now() + LEASE + timedelta(seconds=10)
    async with queue.database.unit_of_work() as session:
        assert await leases.renew(session, job, later)
    assert (await queue.job("a")).lease_until == later

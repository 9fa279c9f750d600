"""Several workers and writers at once: on MariaDB they really run side by side."""

import asyncio

from sqlalchemy.exc import OperationalError

from shared.jobs import Worker
from shared.models import Job
from tests.apps.loyalty.conftest import Loyalty, handlers
from tests.support.events import waiting


async def race(loyalty: Loyalty, jobs: list[Job]) -> None:
    """Hand each job to its handler, all at the same time, again and again until all went well."""
    todo = handlers(loyalty.services)

    async def once(job: Job) -> bool:
        try:
            async with loyalty.services.database.unit_of_work() as session:
                await todo[job.queue](session, job.payload)
        except OperationalError:  # a deadlock: a worker tries again too
            return False
        return True

    while jobs:
        done = await asyncio.gather(*(once(job) for job in jobs))
        jobs = [job for job, well in zip(jobs, done, strict=True) if not well]


async def test_workers_with_the_same_events_never_earn_twice(loyalty: Loyalty) -> None:
    await loyalty.rule()
    await loyalty.rule(points_per_unit="1", rounding="up")
    members = [await loyalty.member(f"TAG-{number}") for number in range(5)]
    await loyalty.work()
    sessions = [loyalty.session(seq, tag=f"TAG-{seq % 5}") for seq in range(100)]
    await loyalty.commit(*sessions, jobs=4)
    jobs = await waiting(loyalty.services.database, loyalty.tenant, ["loyalty.events"])
    assert len(jobs) == 4
    await race(loyalty, jobs)
    await loyalty.work()
    assert [await loyalty.points(member) for member in members] == [20 * (15 + 2)] * 5


async def test_a_tag_given_while_its_events_are_worked_gets_them_all(loyalty: Loyalty) -> None:
    await loyalty.rule()
    await loyalty.work()
    for start in range(0, 100, 10):
        await loyalty.commit(*(loyalty.session(start + seq) for seq in range(10)))
    jobs = await waiting(loyalty.services.database, loyalty.tenant, ["loyalty.events"])
    member, _ = await asyncio.gather(loyalty.member("TAG-9"), race(loyalty, jobs))
    await loyalty.work()
    assert await loyalty.points(member) == 100 * 15


async def test_a_tag_given_during_a_backfill_gets_all(loyalty: Loyalty) -> None:
    await loyalty.commit(*(loyalty.session(seq) for seq in range(100)))
    await loyalty.work()
    await loyalty.rule()
    member, _ = await asyncio.gather(loyalty.member("TAG-9"), loyalty.work(chunk=7))
    await loyalty.work()
    assert await loyalty.points(member) == 100 * 15


async def test_adjustments_at_the_same_time_do_not_go_below_zero(loyalty: Loyalty) -> None:
    member = await loyalty.member()
    path = f"/v1/members/{member}/adjustments"
    for points in (30, 30, 40):
        await loyalty.post(path, {"points": points, "reason": "gift"})

    async def take() -> int:
        body = {"points": -30, "reason": "race"}
        answer = await loyalty.http.post(path, json=body, headers=loyalty.tenant.headers)
        return answer.status_code

    statuses = await asyncio.gather(*(take() for _ in range(6)))
    assert sorted(statuses) == [201, 201, 201, 409, 409, 409]
    assert await loyalty.points(member) == 10


async def test_two_workers_share_a_queue(loyalty: Loyalty) -> None:
    await loyalty.rule()
    member = await loyalty.member("TAG-9")
    await loyalty.work()
    for seq in range(30):
        await loyalty.commit(loyalty.session(seq), jobs=2)
    services = loyalty.services
    award = handlers(services)["loyalty.events"]
    workers = [Worker(services.database, services.bus, "loyalty.events", award) for _ in range(2)]
    while await waiting(services.database, loyalty.tenant, ["loyalty.events"]):
        await asyncio.gather(*(worker.work_once() for worker in workers))
    await loyalty.work()
    assert await loyalty.points(member) == 30 * 15

"""What apps do that nobody asks for: part of what their database users need (`--as-users`)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shared.clock import ManualClock
from shared.db.partitions import DAY_MS, maintain, of_day
from shared.jobs import enqueue
from shared.jobs.leases import prune
from shared.models import DeviceEvent, IdempotencyKey, Job
from shared.web.idempotency import KEPT, forget
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.builders import make_device, make_tenant
from tests.support.ingesting import ingesting
from tests.support.wire import wire

WEB = ("api", "reporting", "administration", "billing", "loyalty", "dashboarding")


@pytest.mark.parametrize("app", WEB)
async def test_each_app_forgets_old_answers(services: Services, app: str) -> None:
    tenant = await make_tenant(services.database)
    long_ago = services.clock.now() - KEPT - timedelta(hours=1)
    old = IdempotencyKey(org_id=tenant.id, key=app, request_hash=bytes(32), created_at=long_ago)
    async with services.database.unit_of_work() as session:
        session.add(old)
    while await forget(as_user(services, app).database, services.clock.now()):
        pass
    async with services.database.read() as session:
        assert await session.get(IdempotencyKey, old.id) is None


@pytest.mark.parametrize("queue", ["billing.events", "loyalty.events"])
async def test_workers_remove_jobs_that_are_long_done(services: Services, queue: str) -> None:
    now = services.clock.now()
    then = now - timedelta(days=30)
    async with services.database.unit_of_work() as session:
        await enqueue(session, queue, f"{then}", {}, now=then)
        mine = Job.queue == queue, Job.key == f"{then}"
        await session.execute(update(Job).where(*mine).values(status="done", finished_at=then))
    worker = as_user(services, queue.partition(".")[0])
    async with worker.database.unit_of_work() as session:
        assert await prune(session, queue, now=now, keep=timedelta(days=29))
    async with services.database.read() as session:
        assert await session.scalar(select(Job.id).where(*mine)) is None


async def test_ingest_makes_the_partitions_of_the_week_ahead(services: Services) -> None:
    ingest = as_user(services, "ingest").database
    tomorrow = services.clock.now_ms() + DAY_MS
    wanted = [] if ingest.is_sqlite else [of_day(tomorrow // DAY_MS + 7).name]
    assert await maintain(ingest, ManualClock(tomorrow)) == wanted


async def test_ingest_leaves_jobs_with_events(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with ingesting(services) as server, wire(server.port) as line:
        await line.hello(device, boot=1)
        await line.send({"s": 1, "e": "session.completed", "d": {"kwh": 1.5}})
        assert await line.read() == {"a": 1}
    mine = DeviceEvent.device_id == device.id
    async with services.database.read() as session:
        assert await session.scalar(select(DeviceEvent.name).where(mine)) == "session.completed"

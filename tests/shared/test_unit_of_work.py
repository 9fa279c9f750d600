import pytest
from sqlalchemy import select

from shared.clock import SystemClock
from shared.db import Database, scoped
from shared.models import Device, Organisation
from tests.support.builders import make_device, make_tenant


async def test_work_is_committed_at_the_end(database: Database) -> None:
    tenant = await make_tenant(database)
    device = await make_device(database, tenant)
    async with database.read() as session:
        found = await session.scalar(scoped(tenant.id, select(Device)))
    assert found is not None
    assert found.public_id == device.public_id


async def test_a_failure_rolls_all_of_it_back(database: Database) -> None:
    organisation = Organisation(name="lost", created_at=SystemClock().now())

    async def work() -> None:
        async with database.unit_of_work() as session:
            session.add(organisation)
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await work()
    async with database.read() as session:
        assert await session.get(Organisation, organisation.id) is None


async def test_a_read_session_refuses_to_write(database: Database) -> None:
    async with database.read() as session:
        session.add(Organisation(name="no", created_at=SystemClock().now()))
        with pytest.raises(RuntimeError, match="read session"):
            await session.flush()

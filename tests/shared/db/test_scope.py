from sqlalchemy import delete, select, update

from shared.db import Database, scoped
from shared.models import Device
from tests.support.builders import make_device, make_tenant


async def test_a_select_finds_only_the_organisations_own(database: Database) -> None:
    one, other = await make_tenant(database), await make_tenant(database)
    mine = await make_device(database, one)
    theirs = await make_device(database, other)
    async with database.read() as session:
        found = (await session.scalars(scoped(one.id, select(Device.public_id)))).all()
        theirs_by_id = await session.scalar(
            scoped(one.id, select(Device).where(Device.public_id == theirs.public_id))
        )
    assert list(found) == [mine.public_id]
    assert theirs_by_id is None


async def test_a_change_touches_only_the_organisations_own(database: Database) -> None:
    one, other = await make_tenant(database), await make_tenant(database)
    await make_device(database, one)
    theirs = await make_device(database, other)
    async with database.unit_of_work() as session:
        await session.execute(scoped(one.id, update(Device)).values(disabled=True))
    async with database.read() as session:
        found = await session.scalar(scoped(other.id, select(Device)))
    assert found is not None
    assert found.public_id == theirs.public_id
    assert found.disabled is False


def test_a_removal_is_limited_too() -> None:
    assert "WHERE device.org_id = " in str(scoped(1, delete(Device)))

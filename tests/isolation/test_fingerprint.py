"""The walk notices what a request changed, though it is undone."""

import pytest
from sqlalchemy import update

from shared.db.scope import scoped
from shared.models import Device
from tests.isolation.conftest import Walks, World

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")


async def test_a_change_is_noticed_and_undone(walks: Walks, world: World) -> None:
    renamed = scoped(world.one.made.org_id, update(Device)).values(name="another")
    async with walks["api"].database.attempt() as session:
        await session.execute(renamed)
        assert await world.watched.changed() == ("device",)
    assert await world.watched.changed() == ()

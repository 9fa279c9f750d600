"""The writers' connections, which nobody pings before a batch."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from shared.db import Database, engine
from shared.settings import Settings


@pytest.fixture
async def bulk(server_url: str) -> AsyncIterator[Database]:
    settings = Settings(database_url=server_url)
    database = Database.from_settings(settings, pool=1, count_changed=True, bulk=True)
    yield database
    await database.close()


async def number(database: Database) -> int:
    async with database.transaction() as connection:
        found = await connection.scalar(text("SELECT CONNECTION_ID()"))
    assert isinstance(found, int)
    return found


async def test_a_connection_in_use_is_kept(bulk: Database) -> None:
    assert await number(bulk) == await number(bulk)


async def test_a_connection_that_was_idle_for_long_is_replaced(
    bulk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await number(bulk)
    monkeypatch.setattr(engine, "BULK_IDLE_S", -1.0)
    assert await number(bulk) != first


async def fail(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("INSERT INTO kept VALUES (1)"))
        raise RuntimeError("something failed")


async def test_what_failed_is_rolled_back_before_the_connection_is_used_again(
    bulk: Database,
) -> None:
    async with bulk.transaction() as connection:
        await connection.execute(text("CREATE TABLE kept (number INT) ENGINE=InnoDB"))
    with pytest.raises(RuntimeError):
        await fail(bulk)
    async with bulk.transaction() as connection:
        assert await connection.scalar(text("SELECT COUNT(*) FROM kept")) == 0
        await connection.execute(text("DROP TABLE kept"))

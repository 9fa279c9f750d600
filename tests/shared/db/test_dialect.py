"""The differences between the databases, on both."""

import asyncio

import pytest
from sqlalchemy import Table, func, select, text
from sqlalchemy.exc import DBAPIError

from shared.clock import SystemClock
from shared.db import Database
from shared.db.dialect import dialect_name, insert_ignore, lock_rows, upsert
from shared.ids import new_id
from shared.models import Job, UsageHour
from shared.models.base import Base
from tests.support.builders import make_tenant


def table_of(model: type[Base]) -> Table:
    assert isinstance(model.__table__, Table)
    return model.__table__


JOB = table_of(Job)
USAGE = table_of(UsageHour)


def job(key: str, **values: object) -> dict[str, object]:
    now = SystemClock().now()
    row: dict[str, object] = {"queue": "dialect", "key": key, "payload": {"n": 1}}
    row |= {"status": "ready", "attempts": 0, "run_after": now, "created_at": now}
    return row | values


async def test_an_existing_row_is_left_alone(database: Database) -> None:
    key = new_id("job")
    async with database.transaction() as connection:
        for payload in ({"n": 1}, {"n": 2}):
            await connection.execute(
                insert_ignore(connection, JOB).values(job(key, payload=payload))
            )
        found = (await connection.execute(select(Job.payload).where(Job.key == key))).all()
    assert [row.payload for row in found] == [{"n": 1}]


async def test_several_rows_go_in_and_only_the_new_stay(database: Database) -> None:
    old, new = new_id("job"), new_id("job")
    async with database.transaction() as connection:
        await connection.execute(insert_ignore(connection, JOB).values(job(old)))
        both = [job(old, attempts=5), job(new, attempts=5)]
        await connection.execute(insert_ignore(connection, JOB).values(both))
        found = await connection.execute(
            select(Job.key, Job.attempts).where(Job.key.in_([old, new])).order_by(Job.key)
        )
    assert [tuple(row) for row in found] == sorted([(old, 0), (new, 5)])


async def test_a_value_that_does_not_fit_is_still_an_error(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await _insert_without_queue(database)


async def _insert_without_queue(database: Database) -> None:
    async with database.transaction() as connection:
        row = job(new_id("job"), queue=None)
        await connection.execute(insert_ignore(connection, JOB).values(row))


async def test_an_upsert_changes_what_it_names_and_nothing_else(database: Database) -> None:
    tenant = await make_tenant(database)
    keys = ["org_id", "meter", "hour", "task"]
    row = {"org_id": tenant.id, "meter": "messages", "hour": 1, "task": "t"}
    async with database.transaction() as connection:
        for count in (3, 5):
            await connection.execute(
                upsert(connection, USAGE, keys, ["count"]).values({**row, "count": count})
            )
        counted = select(UsageHour.count).where(  # unscoped: the organisation is in the test
            UsageHour.org_id == tenant.id
        )
        found = (await connection.scalars(counted)).all()
    assert list(found) == [5]


async def test_the_dialect_is_known_of_connections_and_sessions(database: Database) -> None:
    expected = "sqlite" if database.is_sqlite else "mysql"
    async with database.transaction() as connection:
        assert dialect_name(connection) == expected
    async with database.unit_of_work() as session:
        assert dialect_name(session) == expected


async def test_rows_that_another_has_locked_are_waited_for_or_skipped(
    database: Database,
) -> None:
    """Two that each take what is free and add one: nothing is counted twice."""
    key = new_id("job")
    async with database.transaction() as connection:
        await connection.execute(insert_ignore(connection, JOB).values(job(key)))

    async def add_one() -> None:
        async with database.unit_of_work() as session:
            row = await session.scalar(lock_rows(select(Job).where(Job.key == key)))
            assert row is not None
            await asyncio.sleep(0)
            row.attempts += 1

    await asyncio.gather(add_one(), add_one(), add_one())
    async with database.read() as session:
        total = await session.scalar(select(func.sum(Job.attempts)).where(Job.key == key))
    assert total == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
async def test_sqlite_overwrites_what_is_deleted(database: Database) -> None:
    async with database.read() as session:
        assert await session.scalar(text("PRAGMA secure_delete")) == 1

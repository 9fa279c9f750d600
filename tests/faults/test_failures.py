"""What the errors of a real server mean for a batch, each provoked on one."""

import asyncio
from collections.abc import AsyncIterator

import aiomysql
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.db import Database
from shared.readings.failures import Failure, classify, is_database_error, name
from shared.settings import Settings
from tests.faults.rig import administer, make_database
from tests.support.fault_proxy import FaultProxy, Mode
from tests.support.mariadb_process import MariadbProcess
from tests.support.servers import free_port

TABLES = (
    "CREATE TABLE parent (id INT PRIMARY KEY)",
    "CREATE TABLE child (id INT PRIMARY KEY, parent INT NOT NULL REFERENCES parent (id))",
    "CREATE TABLE kinds (a TINYINT NOT NULL, b ENUM('x'), c DATE, d VARCHAR(2), UNIQUE (a))",
    "ALTER TABLE kinds ADD e POINT, ADD f INT CHECK (f > 0), ADD g JSON",
    "CREATE TABLE days (a INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (10))",
    "INSERT INTO kinds (a) VALUES (1)",
    "INSERT INTO parent VALUES (1), (2)",
)
REFUSED = [
    (1048, "INSERT INTO kinds (a) VALUES (NULL)"),
    (1062, "INSERT INTO kinds (a) VALUES (1)"),
    (1264, "INSERT INTO kinds (a) VALUES (300)"),
    (1265, "INSERT INTO kinds (a, b) VALUES (2, 'y')"),
    (1292, "INSERT INTO kinds (a, c) VALUES (2, '2025-13-45')"),
    (1366, "INSERT INTO kinds (a) VALUES ('many')"),
    (1406, "INSERT INTO kinds (a, d) VALUES (2, 'long')"),
    (1416, "INSERT INTO kinds (a, e) VALUES (2, 'nowhere')"),
    (1425, "SELECT CAST(1 AS DECIMAL(65, 40))"),
    (1452, "INSERT INTO child VALUES (1, 7)"),
    (1526, "INSERT INTO days VALUES (11)"),
    (1690, "SELECT 18446744073709551615 + 1"),
    (4025, "INSERT INTO kinds (a, f) VALUES (2, 0)"),
    (4025, "INSERT INTO kinds (a, g) VALUES (2, '{')"),
]
# MySQL's own, which MariaDB says when it is told to.
SIGNALLED = [3140, 3141, 3143, 3144, 3156, 3157, 3819]
# Going down, read-only, a full disk, a table that is gone.
LATER = [1021, 1040, 1053, 1114, 1146, 1203, 1290, 1836, 1927, 2006, 2013]


@pytest.fixture(scope="module")
async def engine(server: MariadbProcess) -> AsyncIterator[AsyncEngine]:
    url = await make_database(server)
    made = create_async_engine(url, pool_size=2, max_overflow=0, pool_timeout=0.2)
    async with made.begin() as connection:
        for statement in TABLES:
            await connection.execute(text(statement))
    yield made
    await made.dispose()


async def error_of(engine: AsyncEngine, statement: str) -> Exception:
    with pytest.raises(DBAPIError) as caught:
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    return caught.value


@pytest.mark.parametrize(("number", "statement"), REFUSED)
async def test_a_refused_value_is_poison(engine: AsyncEngine, number: int, statement: str) -> None:
    error = await error_of(engine, statement)
    assert (name(error), classify(error)) == (str(number), Failure.poison)


@pytest.mark.parametrize(
    ("number", "failure"),
    [(number, Failure.poison) for number in SIGNALLED]
    + [(number, Failure.reconnect) for number in LATER],
)
async def test_what_a_server_can_say_is_known(
    engine: AsyncEngine, number: int, failure: Failure
) -> None:
    error = await error_of(engine, f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {number}")
    assert (name(error), classify(error)) == (str(number), failure)


async def test_a_lock_wait_is_tried_again(engine: AsyncEngine) -> None:
    async with engine.begin() as holder:
        await holder.execute(text("UPDATE parent SET id = id WHERE id = 1"))
        error = await error_of(
            engine, "SET STATEMENT innodb_lock_wait_timeout = 0 FOR DELETE FROM parent WHERE id = 1"
        )
    assert (name(error), classify(error)) == ("1205", Failure.again)


async def test_a_deadlock_is_tried_again(engine: AsyncEngine) -> None:
    async def lock(first: int, second: int, met: asyncio.Barrier) -> None:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT id FROM parent WHERE id={first} FOR UPDATE"))
            await met.wait()
            await connection.execute(text(f"SELECT id FROM parent WHERE id={second} FOR UPDATE"))

    met = asyncio.Barrier(2)
    ended = await asyncio.gather(lock(1, 2, met), lock(2, 1, met), return_exceptions=True)
    (error,) = [one for one in ended if isinstance(one, Exception)]
    assert (name(error), classify(error)) == ("1213", Failure.again)


async def test_a_connection_that_the_server_ends_is_made_anew(
    engine: AsyncEngine, server: MariadbProcess
) -> None:
    async with engine.connect() as connection:
        number = await connection.scalar(text("SELECT CONNECTION_ID()"))
        async with administer(server) as admin:
            await admin.execute(text(f"KILL {number}"))
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SELECT 1"))
    assert classify(caught.value) is Failure.reconnect
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_database_that_is_not_there_is_tried_later() -> None:
    engine = create_async_engine(f"mysql+aiomysql://root@127.0.0.1:{free_port()}/none")
    error = await error_of(engine, "SELECT 1")
    assert (name(error), classify(error)) == ("2003", Failure.reconnect)
    assert is_database_error(error)


async def test_a_user_that_may_not_is_no_reason_to_give_up_messages(
    server: MariadbProcess,
) -> None:
    engine = create_async_engine(f"mysql+aiomysql://nobody:wrong@127.0.0.1:{server.port}/mysql")
    error = await error_of(engine, "SELECT 1")
    assert (name(error), classify(error)) == ("1045", Failure.reconnect)


async def test_a_pool_that_is_empty_is_tried_later(engine: AsyncEngine) -> None:
    async with engine.connect(), engine.connect():
        with pytest.raises(PoolTimeout) as caught:
            await engine.connect().start()
    assert classify(caught.value) is Failure.reconnect
    assert is_database_error(caught.value)


async def test_a_server_that_answers_nothing_is_tried_later(server: MariadbProcess) -> None:
    async with FaultProxy(server.port) as proxy:
        connection = await aiomysql.connect(host="127.0.0.1", port=proxy.port, user="root")
        proxy.set(Mode.silent)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.1):
                await connection.ping()
    assert classify(caught.value) is Failure.reconnect
    assert is_database_error(caught.value)


async def test_a_connection_to_a_server_that_became_read_only_is_left(
    server: MariadbProcess,
) -> None:
    database = Database.from_settings(Settings(database_url=await make_database(server)), pool=1)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE one (n INT)"))
    async with administer(server) as admin:
        await admin.execute(text("SET GLOBAL read_only = 1"))
        try:
            before = await connection_id(database)
            error = await error_of(database.engine, "INSERT INTO one VALUES (1)")
        finally:
            await admin.execute(text("SET GLOBAL read_only = 0"))
    assert (name(error), classify(error)) == ("1290", Failure.reconnect)
    assert await connection_id(database) != before
    await database.close()


async def connection_id(database: Database) -> int:
    async with database.engine.connect() as connection:
        return await connection.scalar(text("SELECT CONNECTION_ID()")) or 0


async def test_a_writer_whose_network_is_gone_keeps_its_locks_for_seconds_not_hours(
    server: MariadbProcess,
) -> None:
    url = await make_database(server)
    settings = Settings(database_url=url)
    database = Database.from_settings(settings, pool=1, bulk=True)
    async with database.engine.connect() as connection:
        limits = await connection.execute(text("SELECT @@wait_timeout, @@innodb_lock_wait_timeout"))
        assert limits.one() == (30, 5)
    await database.close()

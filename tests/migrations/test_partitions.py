"""Readings lie in partitions by day, made a week ahead."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from migrations.run import upgrade
from shared.clock import ManualClock, SystemClock
from shared.db import Database, partitions
from shared.db.partitions import DAY_MS, Partition, TooFull
from shared.settings import Settings
from tests.support import databases
from tests.support.until import until

NOW = 1_763_740_800_000  # 2025-11-21T16:00Z
MIDNIGHT = 1_763_683_200_000  # 2025-11-21T00:00Z


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A new MariaDB database, migrated on 2025-11-21."""
    monkeypatch.setattr(SystemClock, "now_ms", lambda _self: NOW)
    async with databases.migrated_database("mariadb", tmp_path) as url:
        database = Database.from_settings(Settings(database_url=url))
        yield database
        await database.close()


async def store(database: Database, *times: int) -> None:
    async with database.transaction() as connection:
        for seq, ts in enumerate(times, 1):
            await connection.execute(
                text("INSERT INTO reading VALUES (1, :ts, 1, :seq, :ts, '{}')"),
                {"ts": ts, "seq": seq},
            )


async def times_in(database: Database, partition: str) -> list[int]:
    async with database.engine.connect() as connection:
        statement = f"SELECT ts FROM reading PARTITION ({partition}) ORDER BY ts"
        return list(await connection.scalars(text(statement)))


async def names(database: Database) -> list[str]:
    async with database.engine.connect() as connection:
        return [partition.name for partition in await partitions.existing(connection)]


def test_a_partition_is_named_by_its_day_and_ends_with_it() -> None:
    partition = partitions.of_day(partitions.day(NOW))
    assert partition == Partition("p20251121", MIDNIGHT + DAY_MS)
    assert str(partition) == f"PARTITION p20251121 VALUES LESS THAN ({MIDNIGHT + DAY_MS})"


def test_a_new_table_has_yesterday_to_a_week_ahead() -> None:
    made = [partition.name for partition in partitions.first_partitions(NOW)]
    assert made[0] == "p20251120"
    assert made[-1] == "p20251128"
    assert len(made) == 9


def test_the_last_millisecond_of_a_day_belongs_to_it() -> None:
    assert partitions.day(MIDNIGHT - 1) == partitions.day(MIDNIGHT) - 1


def test_nothing_is_missing_until_midnight() -> None:
    end = partitions.first_partitions(MIDNIGHT)[-1].below
    assert partitions.missing_partitions(end, MIDNIGHT + DAY_MS - 1) == []
    assert [p.name for p in partitions.missing_partitions(end, MIDNIGHT + DAY_MS)] == ["p20251129"]


def test_after_a_year_the_long_past_days_share_one() -> None:
    end = partitions.first_partitions(NOW)[-1].below
    missing = partitions.missing_partitions(end, NOW + 365 * DAY_MS)
    assert len(missing) == partitions.BEHIND_DAYS + 1 + partitions.AHEAD_DAYS
    assert [p.below for p in missing] == sorted(p.below for p in missing)


def test_a_clock_that_went_back_makes_nothing() -> None:
    end = partitions.first_partitions(NOW)[-1].below
    assert partitions.missing_partitions(end, NOW - 30 * DAY_MS) == []


async def test_the_migration_makes_them(database: Database) -> None:
    assert await names(database) == [p.name for p in partitions.first_partitions(NOW)]


async def test_each_reading_lies_in_its_day_the_oldest_in_the_first(database: Database) -> None:
    await store(database, 0, MIDNIGHT - 1, MIDNIGHT, NOW, NOW + 400 * DAY_MS)
    assert await times_in(database, "p20251120") == [0, MIDNIGHT - 1]
    assert await times_in(database, "p20251121") == [MIDNIGHT, NOW]
    assert await times_in(database, "rest") == [NOW + 400 * DAY_MS]


async def test_a_day_later_one_more_is_made_and_then_none(database: Database) -> None:
    tomorrow = ManualClock(NOW + DAY_MS)
    assert await partitions.maintain(database, tomorrow) == ["p20251129"]
    assert await partitions.maintain(database, tomorrow) == []
    assert (await names(database))[-1] == "p20251129"


async def test_two_at_once_make_them_once(database: Database) -> None:
    clock = ManualClock(NOW + 5 * DAY_MS)
    made = await asyncio.gather(*(partitions.maintain(database, clock) for _ in range(4)))
    expected = [p.name for p in partitions.first_partitions(NOW + 5 * DAY_MS)][-5:]
    assert sorted(made) == [[], [], [], expected]
    assert (await names(database))[-5:] == expected


async def test_readings_that_went_ahead_come_into_their_days(database: Database) -> None:
    await store(database, NOW, NOW + 9 * DAY_MS, NOW + 400 * DAY_MS)
    await partitions.maintain(database, ManualClock(NOW + 9 * DAY_MS))
    assert await times_in(database, "p20251130") == [NOW + 9 * DAY_MS]
    assert await times_in(database, "rest") == [NOW + 400 * DAY_MS]
    assert await times_in(database, "p20251121") == [NOW]


async def test_many_are_not_moved_unless_that_is_asked_for(database: Database) -> None:
    tomorrow = ManualClock(NOW + DAY_MS)
    await store(database, *(NOW + 9 * DAY_MS + ms for ms in range(3)))
    with pytest.raises(TooFull, match="more than 2 readings"):
        await partitions.maintain(database, tomorrow, move_at_most=2)
    assert await partitions.maintain(database, tomorrow, move_at_most=None) == ["p20251129"]


async def test_migrating_moves_any_number(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "MOVE_AT_MOST", 1)
    monkeypatch.setattr(SystemClock, "now_ms", lambda _self: NOW + DAY_MS)
    await store(database, *(NOW + 9 * DAY_MS + ms for ms in range(3)))
    await upgrade(database)
    assert (await names(database))[-1] == "p20251129"


async def test_gives_up_soon_while_a_reader_is_in_a_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(partitions, "LOCK_WAIT_S", 1)
    stop = asyncio.Event()
    async with database.engine.connect() as reader:
        await reader.execute(text("SELECT * FROM reading"))
        keeper = asyncio.create_task(
            partitions.keep_partitions(database, ManualClock(NOW + DAY_MS), stop)
        )
        await until(lambda: "was in use" in caplog.text)
        assert not keeper.done()
        stop.set()
        await keeper


async def test_keeping_them_makes_them_until_told_to_stop(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "CHECK_S", 0.01)
    clock = ManualClock(NOW + DAY_MS)
    stop = asyncio.Event()
    keeper = asyncio.create_task(partitions.keep_partitions(database, clock, stop))

    async def is_there(name: str) -> bool:
        return name in await names(database)

    await until(partial(is_there, "p20251129"))
    clock.advance(seconds=86_400)
    await until(partial(is_there, "p20251130"))
    stop.set()
    await keeper


async def test_a_lost_database_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "RETRY_S", 0.01)
    database = Database.from_settings(
        Settings(database_url="mysql+aiomysql://nobody@127.0.0.1:1/none")
    )
    stop = asyncio.Event()
    keeper = asyncio.create_task(partitions.keep_partitions(database, ManualClock(NOW), stop))
    await until(lambda: caplog.text.count("will try again") > 1)
    stop.set()
    await keeper
    await database.close()
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


async def test_does_nothing_on_sqlite(tmp_path: Path) -> None:
    async with databases.empty_database("sqlite", tmp_path) as url:
        database = Database.from_settings(Settings(database_url=url))
        await upgrade(database)
        assert await partitions.maintain(database, ManualClock(NOW + 30 * DAY_MS)) == []
        async with database.engine.connect() as connection:
            assert await partitions.ensure(connection, ManualClock(NOW + 30 * DAY_MS)) == []
        await database.close()

"""Readings lie in partitions by day of their device time, on MySQL and MariaDB.

What is older than the first partition lies in the first. The last one, `rest`, catches what is
ahead of all others. `ensure` keeps partitions a week ahead by splitting `rest`; a split copies
what `rest` holds and locks the table for as long, so it is made while `rest` is empty: as
readings may be ten minutes ahead at most, that is always, unless it failed for a week.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock, from_ms
from shared.db.unit_of_work import Database

DAY_MS = 86_400_000
AHEAD_DAYS = 7
# After a longer gap the days before these share a partition: a wrong clock or a year without a
# run must not make hundreds (MySQL allows 8,192 in all).
BEHIND_DAYS = 31
REST = "rest"
# Copying this many takes well under a second. More is left where it is, and said so.
MOVE_AT_MOST = 20_000
# The split waits for transactions that read the table, and everyone else then waits behind it.
LOCK_WAIT_S = 2
CHECK_S = 3_600
RETRY_S = 300

LOCK_TIMEOUT = 1205
# Another process was faster: the name is taken, or the bounds do not rise any more.
MADE_MEANWHILE = {1517, 1493, 1479, 1480, 1507, 1519}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Partition:
    """`name`, and the epoch milliseconds that everything in it lies below."""

    name: str
    below: int

    def __str__(self) -> str:
        return f"PARTITION {self.name} VALUES LESS THAN ({self.below})"


def day(ms: int) -> int:
    """The days from 1970-01-01 to the UTC day of `ms`."""
    return ms // DAY_MS


def of_day(number: int) -> Partition:
    """The partition that ends with the day `number`, named by it, e.g. p20251121."""
    return Partition(f"p{from_ms(number * DAY_MS):%Y%m%d}", (number + 1) * DAY_MS)


def first_partitions(now_ms: int) -> list[Partition]:
    """For a new table: one for all up to yesterday, then each day, a week ahead."""
    today = day(now_ms)
    return [of_day(number) for number in range(today - 1, today + AHEAD_DAYS + 1)]


def missing_partitions(last_below: int, now_ms: int) -> list[Partition]:
    """What to make after a last partition that ends at `last_below`."""
    today = day(now_ms)
    start = max(day(last_below), today - BEHIND_DAYS)
    return [of_day(number) for number in range(start, today + AHEAD_DAYS + 1)]


def definition(partitions: Sequence[Partition]) -> str:
    """The list of `partitions` and `rest`, as CREATE and ALTER TABLE take it."""
    rest = f"PARTITION {REST} VALUES LESS THAN MAXVALUE"
    return "(" + ", ".join([*map(str, partitions), rest]) + ")"


async def existing(connection: AsyncConnection) -> list[Partition]:
    """The partitions of `reading` without `rest`, oldest first; none where it has no partitions."""
    rows = await connection.execute(
        text(
            "SELECT partition_name, partition_description FROM information_schema.partitions "
            "WHERE table_schema = DATABASE() AND table_name = 'reading' "
            "AND partition_name IS NOT NULL ORDER BY partition_ordinal_position"
        )
    )
    return [Partition(name, int(below)) for name, below in rows if below != "MAXVALUE"]


async def ensure(
    connection: AsyncConnection, clock: Clock, *, move_at_most: int | None = MOVE_AT_MOST
) -> list[str]:
    """Make the partitions of the week ahead; returns the names of those made.

    Does nothing on SQLite, and nothing when they are there. Two at a time are safe: the slower
    finds them made. Sets the lock wait of the connection: close it afterwards (`maintain`).
    Raises `TooFull` when more than `move_at_most` rows would have to move (None: any number).
    """
    if connection.dialect.name != "mysql":
        return []
    present = await existing(connection)
    if not present:
        return []
    missing = missing_partitions(present[-1].below, clock.now_ms())
    if not missing:
        return []
    if move_at_most is not None:
        await _refuse_to_move_more(connection, move_at_most)
    await connection.execute(text(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_S}"))
    try:
        await connection.execute(
            text(f"ALTER TABLE reading REORGANIZE PARTITION {REST} INTO {definition(missing)}")
        )
    except DBAPIError as error:
        if _code(error) in MADE_MEANWHILE:
            return []
        raise
    return [partition.name for partition in missing]


class TooFull(Exception):
    """More rows lie ahead of the last partition than may be moved while everyone waits."""


async def _refuse_to_move_more(connection: AsyncConnection, rows: int) -> None:
    beyond = text(f"SELECT 1 FROM reading PARTITION ({REST}) LIMIT 1 OFFSET {rows}")  # noqa: S608 - constants
    if await connection.scalar(beyond):
        raise TooFull(
            f"more than {rows} readings lie ahead of the last partition of the table reading; "
            "moving them locks it: run `fortress migrate` when devices may wait"
        )


async def maintain(
    database: Database, clock: Clock, *, move_at_most: int | None = MOVE_AT_MOST
) -> list[str]:
    """`ensure` on a connection of its own, which is closed and not pooled after it.

    (It changes a session variable, which pins a connection of RDS Proxy for as long as it lives.)
    """
    if database.is_sqlite:
        return []
    async with database.engine.connect() as connection:
        try:
            return await ensure(connection, clock, move_at_most=move_at_most)
        finally:
            await connection.invalidate()


async def keep_partitions(database: Database, clock: Clock, stop: asyncio.Event) -> None:
    """Keep partitions a week ahead until `stop` is set. Failures are logged and tried again."""
    while not stop.is_set():
        wait = await _maintain_safely(database, clock)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)


async def _maintain_safely(database: Database, clock: Clock) -> int:
    """Returns the seconds until the next look."""
    try:
        made = await maintain(database, clock)
    except TooFull as error:
        log.error("%s", error)  # noqa: TRY400 - the sentence says it all, no traceback helps
        return CHECK_S
    except DBAPIError as error:
        if _code(error) == LOCK_TIMEOUT:
            log.warning("the table reading was in use, its partitions are made in %s s", RETRY_S)
        else:
            log.exception("partitions could not be made, will try again in %s s", RETRY_S)
        return RETRY_S
    except Exception:
        log.exception("partitions could not be made, will try again in %s s", RETRY_S)
        return RETRY_S
    if made:
        log.info("made the partitions %s to %s of readings", made[0], made[-1])
    return CHECK_S


def _code(error: DBAPIError) -> int:
    """MySQL's number of the error, 0 when it has none."""
    arguments = error.orig.args if error.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0

"""Exports as streams of CSV: device by device in key order, one short read a chunk."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from apps.reporting.exports import repository, rules
from apps.reporting.exports.errors import BadColumn, NoSuchDevice, StartAfterEnd, TooManyColumns
from apps.reporting.exports.repository import Named, Span
from shared.auth.principal import Sight
from shared.db import Database

MOST_COLUMNS = 1_000
# Lines made at a time: a few ms of work, between which other requests get their turn.
LINES = 1_000
Tell = Callable[[int], None]
_COLUMN = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export: these devices (none: all that are seen) in this span."""

    sight: Sight
    devices: Sequence[Named] | None
    span: Span


async def wanted(
    database: Database, sight: Sight, public_ids: Sequence[str], start: int, end: int
) -> Wanted:
    """Check what is asked for, with a connection that is given back.

    Raises `NoSuchDevice`, `StartAfterEnd`.
    """
    async with database.read() as session:
        return await look_up(session, sight, public_ids, start, end)


async def look_up(
    session: AsyncSession, sight: Sight, public_ids: Sequence[str], start: int, end: int
) -> Wanted:
    """The same with a session that is there, which is used only where devices are named."""
    if start > end:
        raise StartAfterEnd
    if not public_ids:
        return Wanted(sight, None, Span(start, end))
    devices = await repository.named(session, sight, public_ids)
    missing = set(public_ids) - {public_id for _, public_id in devices}
    if missing:
        raise NoSuchDevice(min(missing))
    return Wanted(sight, devices, Span(start, end))


def columns(given: Sequence[str]) -> list[str]:
    """Names of columns, given one by one or with commas between, each once, in order.

    Raises `BadColumn`, `TooManyColumns`.
    """
    names = list(dict.fromkeys(name.strip() for text in given for name in text.split(",")))
    if len(names) > MOST_COLUMNS:
        raise TooManyColumns(MOST_COLUMNS)
    for name in names:
        if not _COLUMN.fullmatch(name):
            raise BadColumn(name)
    return names


def _untold(_rows: int) -> None:
    """Nobody counts."""


async def readings_csv(
    database: Database, asked: Wanted, metrics: Sequence[str], tell: Tell = _untold
) -> AsyncGenerator[bytes, None]:
    """Readings as CSV. Without `metrics`, every metric that a device has had, by name.

    `tell` hears how many rows the next chunk has. Raises `TooManyColumns`, before the first chunk.
    """
    names = metrics or await _all_metrics(database, asked)
    yield rules.header(names)
    async for device_id, public_id in _devices(database, asked):

        async def read(after: str | None, limit: int, device_id: int = device_id) -> list[str]:
            return await repository.readings(database, device_id, asked.span, after, limit)

        async for rows in _chunks(read):
            for part in _parts(rows):
                tell(len(part))
                yield rules.reading_lines(public_id, names, part)


async def events_csv(
    database: Database,
    asked: Wanted,
    *,
    name: str | None,
    fields: Sequence[str],
    tell: Tell = _untold,
) -> AsyncGenerator[bytes, None]:
    """Events as CSV, of one `name` if given: their data as JSON, or `fields` of it as columns.

    `tell` hears how many rows the next chunk has.
    """
    shown = fields or None
    yield rules.header(["event", *(shown or ["data"])])
    async for device_id, public_id in _devices(database, asked):

        async def read(after: str | None, limit: int, device_id: int = device_id) -> list[str]:
            return await repository.events(
                database,
                asked.sight.org_id,
                device_id,
                asked.span,
                name=name,
                after=after,
                limit=limit,
            )

        async for rows in _chunks(read):
            for part in _parts(rows):
                tell(len(part))
                yield rules.event_lines(public_id, shown, part)


async def _all_metrics(database: Database, asked: Wanted) -> list[str]:
    found: set[str] = set()
    async for page in _pages(database, asked):
        for latest in await repository.latest(
            database, asked.sight.org_id, [row[0] for row in page]
        ):
            found.update(rules.names(latest))
        if len(found) > MOST_COLUMNS:
            raise TooManyColumns(MOST_COLUMNS)
    return sorted(found)


async def _devices(database: Database, asked: Wanted) -> AsyncGenerator[Named, None]:
    async for page in _pages(database, asked):
        for device in page:
            yield device


async def _pages(database: Database, asked: Wanted) -> AsyncGenerator[Sequence[Named], None]:
    if asked.devices is not None:
        yield asked.devices
        return
    page = await repository.following(database, asked.sight, 0)
    while page:
        yield page
        page = await repository.following(database, asked.sight, page[-1][0])


async def _chunks(
    read: Callable[[str | None, int], Awaitable[list[str]]],
) -> AsyncGenerator[list[str], None]:
    limit = rules.FIRST_ROWS
    rows = await read(None, limit)
    while rows:
        yield rows
        if len(rows) < limit:
            return
        limit = rules.next_rows(limit, len(rows), sum(map(len, rows)))
        rows = await read(rows[-1], limit)


def _parts(rows: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(rows), LINES):
        yield rows[start : start + LINES]

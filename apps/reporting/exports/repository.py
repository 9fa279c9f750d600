"""Queries of exports: chunks by key, each in a transaction of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from apps.reporting.exports import rules
from shared.auth.limits import narrow
from shared.auth.principal import Sight
from shared.db import Database
from shared.db.scope import scoped
from shared.models import Device, DeviceEvent, DeviceState, Reading

DEVICES = 200

# A device's own number, and the id that the world sees.
Named = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Span:
    """Device times from `start` to before `end`, epoch ms."""

    start: int
    end: int


async def named(session: AsyncSession, sight: Sight, public_ids: Sequence[str]) -> list[Named]:
    """Those of `public_ids` (some hundred) that exist, in the order of their numbers."""
    query = _devices(sight).where(Device.public_id.in_(public_ids))
    return [(row.id, row.public_id) for row in await session.execute(query)]


async def following(database: Database, sight: Sight, after: int) -> list[Named]:
    """The devices after the number `after`, at most `DEVICES`."""
    query = _devices(sight).where(Device.id > after).limit(DEVICES)
    async with database.read() as session:
        return [(row.id, row.public_id) for row in await session.execute(query)]


async def latest(database: Database, org_id: int, ids: Sequence[int]) -> list[str]:
    """The latest values of the devices `ids` (at most `DEVICES`), as the JSON that is stored."""
    body = type_coerce(DeviceState.latest, Text)
    query = scoped(org_id, select(DeviceState.device_id, body))
    query = query.where(DeviceState.device_id.in_(ids))
    async with database.read() as session:
        return [stored for _, stored in await session.execute(query)]


async def readings(
    database: Database, device_id: int, span: Span, after: str | None, limit: int
) -> list[str]:
    """Readings of a device after the row `after`, in the order of the primary key."""
    row = _joined(Reading.ts, Reading.boot, Reading.seq, Reading.body)
    query = select(row).where(Reading.device_id == device_id)
    return await _rows(database, _chunk(query, Reading, span, after).limit(limit))


async def events(
    database: Database,
    org_id: int,
    device_id: int,
    span: Span,
    *,
    name: str | None,
    after: str | None,
    limit: int,
) -> list[str]:
    """Events of a device, of one `name` if given, after the row `after`, in key order."""
    event = DeviceEvent
    row = _joined(event.ts, event.boot, event.seq, event.name, event.data)
    query = scoped(org_id, select(event)).with_only_columns(row)
    query = query.where(event.device_id == device_id)
    if name is not None:
        query = query.where(event.name == name)
    return await _rows(database, _chunk(query, DeviceEvent, span, after).limit(limit))


def _devices(sight: Sight) -> Select[*tuple[Any, ...]]:
    query = select(Device.id, Device.public_id).where(Device.gone == 0).order_by(Device.id)
    return narrow(sight, scoped(sight.org_id, query), Device.id)


def _chunk(
    query: Select[*tuple[Any, ...]],
    table: type[Reading] | type[DeviceEvent],
    span: Span,
    after: str | None,
) -> Select[*tuple[Any, ...]]:
    query = query.where(table.ts < span.end).order_by(table.ts, table.boot, table.seq)
    if after is None:
        return query.where(table.ts >= span.start)
    # Comparing rows, (a, b, c) > (1, 2, 3), would not use the index on every database.
    ts, boot, seq = rules.key(after)
    later_number = or_(table.boot > boot, and_(table.boot == boot, table.seq > seq))
    return query.where(table.ts >= ts, or_(table.ts > ts, and_(table.ts == ts, later_number)))


def _joined(*columns: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """The columns as one text with spaces between."""
    first, *others = (type_coerce(column, Text) for column in columns)
    return reduce(lambda text, column: text + " " + column, others, first)


async def _rows(database: Database, query: Select[*tuple[Any, ...]]) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(query))

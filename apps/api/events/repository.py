"""Events in the database."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.streams import behind, ordering
from shared.auth.limits import narrow
from shared.auth.principal import Sight
from shared.db import scoped
from shared.models import DeviceEvent

# In this order, the index by organisation (and name) and time reads a page without sorting.
_KEY = (DeviceEvent.ts, DeviceEvent.device_id, DeviceEvent.boot, DeviceEvent.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which events, and in which order."""

    span: tuple[int, int]
    device_id: int | None = None
    name: str | None = None
    descending: bool = False


async def page(
    session: AsyncSession,
    sight: Sight,
    question: Question,
    *,
    after: Sequence[int] | None,
    limit: int,
) -> Sequence[Row[int, int, int, int, str, str]]:
    """Up to `limit` events: (ts, device_id, boot, seq, name, data as the JSON text stored)."""
    start, end = question.span
    statement = (
        select(*_KEY, DeviceEvent.name, type_coerce(DeviceEvent.data, Text))
        .where(DeviceEvent.ts >= start, DeviceEvent.ts < end)
        .order_by(*ordering(_KEY, descending=question.descending))
        .limit(limit)
    )
    if question.device_id is not None:
        statement = statement.where(DeviceEvent.device_id == question.device_id)
    if question.name is not None:
        statement = statement.where(DeviceEvent.name == question.name)
    if after is not None:
        statement = statement.where(behind(_KEY, after, descending=question.descending))
    found = narrow(sight, scoped(sight.org_id, statement), DeviceEvent.device_id)
    return (await session.execute(found)).all()

"""Entries and lots in the database."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.limits import narrow
from shared.auth.principal import Sight
from shared.db import scoped
from shared.db.dialect import lock_rows
from shared.models import Device, Entry, Lot

IDS: Final = 200


async def balance(session: AsyncSession, org_id: int, member_id: int) -> int:
    """What remains in a member's lots."""
    wanted = scoped(
        org_id,
        select(Lot.member_id, func.sum(Lot.remaining))
        .where(Lot.member_id == member_id)
        .group_by(Lot.member_id),
    )
    row = (await session.execute(wanted)).one_or_none()
    return int(row[1]) if row else 0


async def page(
    session: AsyncSession, org_id: int, member_id: int, before: str | None, limit: int
) -> Sequence[Entry]:
    """Up to `limit` entries of a member, newest first, those older than `before`."""
    wanted = scoped(
        org_id,
        select(Entry).where(Entry.member_id == member_id).order_by(Entry.id.desc()).limit(limit),
    )
    if before is not None:
        place = scoped(org_id, select(Entry.id).where(Entry.public_id == before))
        wanted = wanted.where(Entry.id < place.scalar_subquery())
    return (await session.scalars(wanted)).all()


async def lots_left(
    session: AsyncSession, org_id: int, member_id: int, after: int, limit: int
) -> Sequence[Lot]:
    """Up to `limit` lots of a member with points left, oldest first, locked."""
    wanted = scoped(
        org_id,
        select(Lot)
        .where(Lot.member_id == member_id, Lot.remaining > 0, Lot.id > after)
        .order_by(Lot.id)
        .limit(limit),
    )
    return (await session.scalars(lock_rows(wanted))).all()


async def device_ids(session: AsyncSession, sight: Sight, rows: Sequence[int]) -> dict[int, str]:
    """Public ids of those devices that are seen, deleted ones too."""
    found: dict[int, str] = {}
    for start in range(0, len(rows), IDS):
        some = rows[start : start + IDS]
        query = select(Device.id, Device.public_id).where(Device.id.in_(some))
        wanted = narrow(sight, scoped(sight.org_id, query), Device.id)
        found.update({row[0]: row[1] for row in await session.execute(wanted)})
    return found

"""Queries about groups of devices."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.scope import scoped
from shared.models import DeviceGroup


async def every(session: AsyncSession, org_id: int) -> list[tuple[str, str]]:
    """Public id and name of the organisation's groups, by name."""
    query = select(DeviceGroup.public_id, DeviceGroup.name).order_by(DeviceGroup.name)
    return [(row[0], row[1]) for row in await session.execute(scoped(org_id, query))]

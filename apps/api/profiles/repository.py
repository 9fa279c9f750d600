"""Profiles in the database."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import scoped
from shared.models import Device, DeviceProfile


async def find(session: AsyncSession, org_id: int, public_id: str) -> DeviceProfile | None:
    return (
        await session.scalars(
            scoped(org_id, select(DeviceProfile).where(DeviceProfile.public_id == public_id))
        )
    ).one_or_none()


async def find_named(session: AsyncSession, org_id: int, name: str) -> DeviceProfile | None:
    return (
        await session.scalars(
            scoped(org_id, select(DeviceProfile).where(DeviceProfile.name == name))
        )
    ).one_or_none()


async def page(
    session: AsyncSession, org_id: int, after: str | None, limit: int
) -> Sequence[DeviceProfile]:
    """Up to `limit` profiles by name, those behind the name `after`."""
    statement = select(DeviceProfile).order_by(DeviceProfile.name).limit(limit)
    if after is not None:
        statement = statement.where(DeviceProfile.name > after)
    return (await session.scalars(scoped(org_id, statement))).all()


async def every(session: AsyncSession, org_id: int) -> Sequence[DeviceProfile]:
    return (await session.scalars(scoped(org_id, select(DeviceProfile)))).all()


async def count_devices(session: AsyncSession, org_id: int, profile_id: int) -> int:
    """How many devices use a profile."""
    count = await session.scalar(
        select(func.count()).select_from(
            scoped(
                org_id,
                select(Device.id).where(Device.profile_id == profile_id, Device.gone == 0),
            ).subquery()
        )
    )
    return count or 0

"""Groups of devices in the database."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.principal import Sight
from shared.db import scoped
from shared.models import DeviceGroup, DeviceGroupDevice, MembershipGroup


async def find(session: AsyncSession, sight: Sight, public_id: str) -> DeviceGroup | None:
    """A group; of whoever is limited, one of theirs."""
    return (
        await session.scalars(_seen(sight).where(DeviceGroup.public_id == public_id))
    ).one_or_none()


async def find_named(session: AsyncSession, org_id: int, name: str) -> DeviceGroup | None:
    wanted = select(DeviceGroup).where(DeviceGroup.name == name)
    return (await session.scalars(scoped(org_id, wanted))).one_or_none()


async def page(
    session: AsyncSession, sight: Sight, after: str | None, limit: int
) -> Sequence[DeviceGroup]:
    """Up to `limit` groups by name, those behind the name `after`."""
    statement = _seen(sight).order_by(DeviceGroup.name).limit(limit)
    if after is not None:
        statement = statement.where(DeviceGroup.name > after)
    return (await session.scalars(statement)).all()


async def sizes(session: AsyncSession, org_id: int, ids: Collection[int]) -> dict[int, int]:
    """Group → how many devices it has; one without any is missing."""
    statement = (
        select(DeviceGroupDevice.group_id, func.count())
        .where(DeviceGroupDevice.group_id.in_(ids))
        .group_by(DeviceGroupDevice.group_id)
    )
    rows = await session.execute(scoped(org_id, statement))
    return {row[0]: row[1] for row in rows}


async def count(session: AsyncSession, org_id: int) -> int:
    every = scoped(org_id, select(DeviceGroup.id)).subquery()
    return await session.scalar(select(func.count()).select_from(every)) or 0


async def limits(session: AsyncSession, org_id: int, group_id: int) -> int:
    """How many members are limited to a group."""
    limited = select(MembershipGroup.membership_id).where(MembershipGroup.group_id == group_id)
    some = scoped(org_id, limited).subquery()
    return await session.scalar(select(func.count()).select_from(some)) or 0


async def has(session: AsyncSession, org_id: int, group_id: int, device_id: int) -> bool:
    """Whether a device is in a group."""
    statement = select(DeviceGroupDevice.device_id).where(
        DeviceGroupDevice.group_id == group_id, DeviceGroupDevice.device_id == device_id
    )
    return await session.scalar(scoped(org_id, statement)) is not None


async def take_out(
    session: AsyncSession, org_id: int, group_id: int, device_id: int | None = None
) -> None:
    """Take a device out of a group; without one, all of them."""
    statement = delete(DeviceGroupDevice).where(DeviceGroupDevice.group_id == group_id)
    if device_id is not None:
        statement = statement.where(DeviceGroupDevice.device_id == device_id)
    await session.execute(scoped(org_id, statement))


def _seen(sight: Sight) -> Select[DeviceGroup]:
    statement = scoped(sight.org_id, select(DeviceGroup))
    return statement if sight.groups is None else statement.where(DeviceGroup.id.in_(sight.groups))

"""Devices in the database."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.devices.rules import FRESH_MS
from shared.auth.limits import narrow
from shared.auth.principal import Sight
from shared.db import scoped
from shared.db.dialect import along
from shared.models import (
    Device,
    DeviceCredential,
    DeviceGroup,
    DeviceGroupDevice,
    DeviceProfile,
    DeviceState,
    DeviceTag,
)

# Keeps a statement's text under what RDS Proxy takes without pinning.
CHUNK = 200
# A row of `page`.
Line = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which devices; none and empty: all."""

    tags: Sequence[str] = ()
    profile: str | None = None
    online: bool | None = None
    disabled: bool | None = None
    tracker: bool | None = None
    uid: str | None = None
    text: str | None = None
    group: str | None = None


async def find(session: AsyncSession, sight: Sight, public_id: str) -> Device | None:
    """A device that exists, by its public id."""
    wanted = select(Device).where(Device.public_id == public_id, Device.gone == 0)
    statement = narrow(sight, scoped(sight.org_id, wanted), Device.id)
    return (await session.scalars(statement)).one_or_none()


async def find_number(session: AsyncSession, sight: Sight, public_id: str) -> int | None:
    """The number of a device that exists, by its public id."""
    wanted = select(Device.id).where(Device.public_id == public_id, Device.gone == 0)
    return await session.scalar(narrow(sight, scoped(sight.org_id, wanted), Device.id))


async def public_ids(session: AsyncSession, org_id: int, ids: Iterable[int]) -> dict[int, str]:
    """The public ids of devices, deleted ones too, by number."""
    wanted = sorted(set(ids))
    found: dict[int, str] = {}
    for at in range(0, len(wanted), CHUNK):
        chunk = select(Device.id, Device.public_id).where(Device.id.in_(wanted[at : at + CHUNK]))
        found.update((await session.execute(scoped(org_id, chunk))).all())
    return found


async def one(session: AsyncSession, sight: Sight, public_id: str) -> Line | None:
    """A device as `page` gives it."""
    statement = _listed().where(Device.public_id == public_id, Device.gone == 0)
    statement = narrow(sight, scoped(sight.org_id, statement), Device.id)
    return (await session.execute(statement)).one_or_none()


async def page(
    session: AsyncSession,
    sight: Sight,
    which: Filter,
    *,
    after: str | None,
    limit: int,
    now_ms: int,
) -> Sequence[Line]:
    """Up to `limit` devices in the order they were made, those behind the one with the public
    id `after`: (id, public_id, uid, name, disabled, created_at, updated_at, profile, online,
    last_seen, firmware, imei, networks).
    """
    org_id = sight.org_id
    statement = _listed().where(Device.gone == 0, *_conditions(org_id, which, now_ms))
    if after is not None:
        behind = scoped(org_id, select(Device.id).where(Device.public_id == after))
        statement = statement.where(Device.id > behind.scalar_subquery())
    # These have better ways to few devices.
    few = which.tags or which.uid is not None or which.group is not None
    if not few and sight.groups is None:
        statement = along(statement, Device, "ix_device_org_id_gone_id")
    statement = narrow(sight, scoped(org_id, statement.order_by(Device.id)), Device.id)
    return (await session.execute(statement.limit(limit))).all()


async def tags(session: AsyncSession, org_id: int, ids: Sequence[int]) -> dict[int, list[str]]:
    """The tags of devices, in order, by number."""
    found: dict[int, list[str]] = defaultdict(list)
    for at in range(0, len(ids), CHUNK):
        chunk = (
            select(DeviceTag.device_id, DeviceTag.tag)
            .where(DeviceTag.device_id.in_(ids[at : at + CHUNK]))
            .order_by(DeviceTag.tag)
        )
        for device_id, tag in await session.execute(scoped(org_id, chunk)):
            found[device_id].append(tag)
    return found


async def replace_tags(
    session: AsyncSession, org_id: int, device_id: int, wanted: Iterable[str]
) -> None:
    """Give a device exactly these tags."""
    await session.execute(scoped(org_id, delete(DeviceTag).where(DeviceTag.device_id == device_id)))
    session.add_all(DeviceTag(org_id=org_id, device_id=device_id, tag=tag) for tag in wanted)


async def leave_groups(session: AsyncSession, org_id: int, device_id: int) -> None:
    """Take a device out of every group."""
    await session.execute(
        scoped(org_id, delete(DeviceGroupDevice).where(DeviceGroupDevice.device_id == device_id))
    )


async def revoke_tokens(session: AsyncSession, org_id: int, device_id: int, now: Any) -> int:
    """End every token of a device; returns how many were in force."""
    ended = await session.execute(
        scoped(
            org_id,
            update(DeviceCredential)
            .where(DeviceCredential.device_id == device_id, DeviceCredential.revoked_at.is_(None))
            .values(revoked_at=now),
        )
    )
    count: int = ended.rowcount  # type: ignore[attr-defined]  # an UPDATE has one
    return count


def _listed() -> Select[*tuple[Any, ...]]:
    return (
        select(  # unscoped: whoever takes it scopes it
            Device.id,
            Device.public_id,
            Device.uid,
            Device.name,
            Device.disabled,
            Device.created_at,
            Device.updated_at,
            DeviceProfile.public_id.label("profile"),
            DeviceState.online,
            DeviceState.last_seen,
            DeviceState.firmware,
            Device.imei,
            Device.networks,
        )
        .join(DeviceState, DeviceState.device_id == Device.id, isouter=True)
        .join(DeviceProfile, DeviceProfile.id == Device.profile_id, isouter=True)
    )


def _conditions(org_id: int, which: Filter, now_ms: int) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_tagged(org_id, tag) for tag in which.tags]
    if which.group is not None:
        found.append(_grouped(org_id, which.group))
    if which.profile is not None:
        found.append(DeviceProfile.public_id == which.profile)
    if which.online is not None:
        here = and_(DeviceState.online, DeviceState.last_seen >= now_ms - FRESH_MS)
        found.append(here if which.online else _absent(now_ms))
    if which.disabled is not None:
        found.append(Device.disabled == which.disabled)
    if which.tracker is not None:
        found.append(Device.imei.is_not(None) if which.tracker else Device.imei.is_(None))
    if which.uid is not None:
        found.append(Device.uid == which.uid)
    if which.text is not None:
        found.append(
            or_(
                Device.uid.icontains(which.text, autoescape=True),
                Device.name.icontains(which.text, autoescape=True),
            )
        )
    return found


def _tagged(org_id: int, tag: str) -> ColumnElement[bool]:
    having = select(DeviceTag).where(DeviceTag.tag == tag, DeviceTag.device_id == Device.id)
    return exists(scoped(org_id, having).correlate(Device))


def _grouped(org_id: int, public_id: str) -> ColumnElement[bool]:
    having = (
        select(DeviceGroupDevice.device_id)
        .join(DeviceGroup, DeviceGroup.id == DeviceGroupDevice.group_id)
        .where(DeviceGroup.public_id == public_id)
    )
    return Device.id.in_(scoped(org_id, having))


def _absent(now_ms: int) -> ColumnElement[bool]:
    stale = DeviceState.last_seen < now_ms - FRESH_MS
    return or_(DeviceState.device_id.is_(None), DeviceState.online.is_(False), stale)

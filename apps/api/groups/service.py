"""What can be done with groups of devices. Who is limited to some sees those, and changes none."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.devices.service import number
from apps.api.groups import repository
from apps.api.groups.errors import GroupLimits, GroupNameTaken, NoSuchGroup, TooManyGroups
from shared.auth import audit
from shared.auth.limits import require_all
from shared.auth.principal import Sight
from shared.models import DeviceGroup, DeviceGroupDevice
from shared.web.changes import Change

# As many as a form can show and a statement can name.
MOST_GROUPS = 200


async def get(session: AsyncSession, sight: Sight, public_id: str) -> DeviceGroup:
    """A group that is seen. Raises `NoSuchGroup`."""
    group = await repository.find(session, sight, public_id)
    if group is None:
        raise NoSuchGroup(public_id)
    return group


async def create(session: AsyncSession, change: Change, name: str) -> DeviceGroup:
    """A new group without devices. Raises `GroupNameTaken`, `TooManyGroups`, `Limited`."""
    require_all(change.principal.sight)
    org_id = change.origin.org_id
    if await repository.count(session, org_id) >= MOST_GROUPS:
        raise TooManyGroups(f"an organisation has at most {MOST_GROUPS} groups; delete one first")
    group = DeviceGroup(org_id=org_id, name=name, created_at=change.now)
    async with _name_is_free(session, org_id, name):
        session.add(group)
    _record(session, change, "group.create", group.public_id, after={"name": name})
    return group


async def rename(session: AsyncSession, change: Change, public_id: str, name: str) -> DeviceGroup:
    """Raises `NoSuchGroup`, `GroupNameTaken`, `Limited`."""
    group = await _own(session, change, public_id)
    before = group.name
    if before == name:
        return group
    async with _name_is_free(session, group.org_id, name):
        group.name = name
    _record(
        session, change, "group.change", public_id, before={"name": before}, after={"name": name}
    )
    return group


async def delete(session: AsyncSession, change: Change, public_id: str) -> None:
    """Delete a group; its devices stay. Raises `NoSuchGroup`, `GroupLimits`, `Limited`."""
    group = await _own(session, change, public_id)
    limited = await repository.limits(session, group.org_id, group.id)
    if limited:
        raise GroupLimits(f"{limited} members see its devices only; give them other groups first")
    await repository.take_out(session, group.org_id, group.id)
    await session.delete(group)
    try:
        await session.flush()
    except IntegrityError:
        raise GroupLimits("a member has just been limited to it") from None
    _record(session, change, "group.delete", public_id, before={"name": group.name})


async def put(session: AsyncSession, change: Change, public_id: str, device: str) -> None:
    """Put a device into a group, once. Raises `NoSuchGroup`, `NoSuchDevice`, `Limited`."""
    group = await _own(session, change, public_id)
    device_id = await number(session, change.principal.sight, device)
    if await repository.has(session, group.org_id, group.id, device_id):
        return
    row = DeviceGroupDevice(org_id=group.org_id, group_id=group.id, device_id=device_id)
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else has just put it there
        return
    _record(session, change, "group.put", public_id, after={"device": device})


async def take_out(session: AsyncSession, change: Change, public_id: str, device: str) -> None:
    """Take a device out of a group. Raises `NoSuchGroup`, `NoSuchDevice`, `Limited`."""
    group = await _own(session, change, public_id)
    device_id = await number(session, change.principal.sight, device)
    if await repository.has(session, group.org_id, group.id, device_id):
        await repository.take_out(session, group.org_id, group.id, device_id)
        _record(session, change, "group.take_out", public_id, before={"device": device})


async def sizes(session: AsyncSession, groups: Sequence[DeviceGroup]) -> list[int]:
    """How many devices each group has."""
    if not groups:
        return []
    found = await repository.sizes(session, groups[0].org_id, [group.id for group in groups])
    return [found.get(group.id, 0) for group in groups]


async def _own(session: AsyncSession, change: Change, public_id: str) -> DeviceGroup:
    """A group to be changed, which whoever is limited to groups does not."""
    require_all(change.principal.sight)
    return await get(session, change.principal.sight, public_id)


@asynccontextmanager
async def _name_is_free(session: AsyncSession, org_id: int, name: str) -> AsyncIterator[None]:
    """What is changed inside is written at the end; raises `GroupNameTaken`."""
    try:
        async with session.begin_nested():
            yield
    except IntegrityError:
        found = await repository.find_named(session, org_id, name)
        taken_by = found.public_id if found else None
        raise GroupNameTaken(f"the group {taken_by} has this name", group=taken_by) from None


def _record(
    session: AsyncSession,
    change: Change,
    action: str,
    target: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(session, change.origin, action, target, at=change.now, before=before, after=after)

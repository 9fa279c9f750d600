"""`/v1/device-groups`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.dependencies import DeviceKey, DevicesChange, DevicesReader
from apps.api.groups import repository, service
from apps.api.groups.schemas import GroupIn, GroupOut, GroupsQuery
from shared.models import DeviceGroup
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(
    route_class=TransactionalRoute, prefix="/v1/device-groups", tags=["device groups"]
)

GroupKey = Annotated[str, public_id("a group of devices", "grp")]
FRESH = [Depends(fresh())]
GONE = {404: "There is no such group in this organisation."}
NEITHER = {404: "There is no such group, or no such device, in this organisation."}
TAKEN = {409: "Another group has this name."}


@router.post("", status_code=201, summary="Create a group of devices", responses=failures(TAKEN))
async def create(
    body: GroupIn, session: WriteSession, change: DevicesChange, response: Response
) -> GroupOut:
    """A group without devices. Members of the organisation can be limited to groups: they see
    the devices of theirs and no other. Keys are not limited.
    """
    group = await service.create(session, change, body.name)
    response.headers["Location"] = f"/v1/device-groups/{group.public_id}"
    return await _out(session, group)


@router.get("", summary="List groups of devices")
async def list_groups(
    query: Annotated[GroupsQuery, Query()],
    principal: DevicesReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Page[GroupOut]:
    """Groups by name. The devices of one are listed with `/v1/devices?group=…`."""
    about = {"list": "groups", "org": principal.org_id}
    after = cursors.decode(about, query.cursor)[0] if query.cursor else None
    found = await repository.page(session, principal.sight, after, query.limit + 1)
    groups = found[: query.limit]
    sizes = await service.sizes(session, groups)
    items = [_shown(*pair) for pair in zip(groups, sizes, strict=True)]
    more = len(found) > query.limit
    return Page(items=items, next=cursors.encode(about, [items[-1].name]) if more else None)


@router.get("/{group_id}", summary="Get a group of devices", responses=failures(GONE))
async def get(group_id: GroupKey, principal: DevicesReader, session: ReadSession) -> GroupOut:
    """One group."""
    return await _out(session, await service.get(session, principal.sight, group_id))


@router.patch("/{group_id}", summary="Rename a group of devices", responses=failures(GONE | TAKEN))
async def rename(
    group_id: GroupKey, body: GroupIn, session: WriteSession, change: DevicesChange
) -> GroupOut:
    """Another name for the same devices."""
    return await _out(session, await service.rename(session, change, group_id, body.name))


@router.delete(
    "/{group_id}",
    status_code=204,
    summary="Delete a group of devices",
    dependencies=FRESH,
    responses=failures(GONE | NOT_FRESH | {409: "Members are limited to it."}),
)
async def delete(group_id: GroupKey, session: WriteSession, change: DevicesChange) -> None:
    """Its devices stay. A group to which members are limited is deleted when none is any more."""
    await service.delete(session, change, group_id)


@router.put(
    "/{group_id}/devices/{device_id}",
    status_code=204,
    summary="Put a device into a group",
    responses=failures(NEITHER),
)
async def put(
    group_id: GroupKey, device_id: DeviceKey, session: WriteSession, change: DevicesChange
) -> None:
    """Members who are limited to the group see it from now on. A device may be in several."""
    await service.put(session, change, group_id, device_id)


@router.delete(
    "/{group_id}/devices/{device_id}",
    status_code=204,
    summary="Take a device out of a group",
    responses=failures(NEITHER),
)
async def take_out(
    group_id: GroupKey, device_id: DeviceKey, session: WriteSession, change: DevicesChange
) -> None:
    """Members who are limited to the group do not see it any more."""
    await service.take_out(session, change, group_id, device_id)


async def _out(session: AsyncSession, group: DeviceGroup) -> GroupOut:
    (size,) = await service.sizes(session, [group])
    return _shown(group, size)


def _shown(group: DeviceGroup, size: int) -> GroupOut:
    return GroupOut(id=group.public_id, name=group.name, devices=size, created_at=group.created_at)

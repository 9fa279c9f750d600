"""`/v1/devices`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.dependencies import NO_DEVICE, DeviceKey, DevicesChange, DevicesReader
from apps.api.devices import repository, service
from apps.api.devices.errors import NoSuchDevice
from apps.api.devices.rules import is_online
from apps.api.devices.schemas import (
    CreatedDevice,
    DeviceIn,
    DeviceOut,
    DevicePatch,
    DeviceQuery,
    TokenOut,
)
from shared.auth.principal import Sight
from shared.clock import from_ms
from shared.web import idempotency
from shared.web.dependencies import ClockOf, CursorsOf, ReadSession, WriteSession, fresh
from shared.web.openapi import NOT_FRESH, failures
from shared.web.schemas import Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/devices", tags=["devices"])

FRESH = [Depends(fresh())]
TAKEN = failures({409: "Another device has this uid (the problem names it), or this IMEI."})
NO_TOKEN = failures(NOT_FRESH | {409: "A tracker has no token."})


@router.post("", status_code=201, summary="Create a device", responses=TAKEN)
async def create(
    body: DeviceIn,
    session: WriteSession,
    change: DevicesChange,
    request: Request,
    response: Response,
) -> CreatedDevice:
    """Register a device. The answer has its token, which is shown this once; a tracker has none."""
    device, token = await service.create(session, change, body)
    shown = await _show(session, change.principal.sight, device.public_id, change.clock.now_ms())
    response.headers["Location"] = f"/v1/devices/{device.public_id}"
    created = CreatedDevice(**shown.model_dump(), token=token)
    idempotency.keep(request, created.model_copy(update={"token": None}))
    return created


@router.get("", summary="List devices")
async def list_devices(
    query: Annotated[DeviceQuery, Query()],
    principal: DevicesReader,
    session: ReadSession,
    cursors: CursorsOf,
    clock: ClockOf,
) -> Page[DeviceOut]:
    """Devices in the order they were registered, those that fit every filter."""
    org_id = principal.org_id
    which = repository.Filter(
        tags=query.tag,
        profile=query.profile,
        online=query.online,
        disabled=query.disabled,
        tracker=None if query.transport is None else query.transport == "teltonika",
        uid=query.uid,
        text=query.q,
        group=query.group,
    )
    about = {"list": "devices", "org": org_id, "which": repr(which)}
    after = cursors.decode(about, query.cursor)[0] if query.cursor else None
    now_ms = clock.now_ms()
    found = await repository.page(
        session, principal.sight, which, after=after, limit=query.limit + 1, now_ms=now_ms
    )
    rows = found[: query.limit]
    tags = await repository.tags(session, org_id, [row.id for row in rows])
    items = [_out(row, tags.get(row.id, []), now_ms) for row in rows]
    more = len(found) > query.limit
    return Page(items=items, next=cursors.encode(about, [rows[-1].public_id]) if more else None)


@router.get("/{device_id}", summary="Get a device", responses=NO_DEVICE)
async def get(
    device_id: DeviceKey, principal: DevicesReader, session: ReadSession, clock: ClockOf
) -> DeviceOut:
    """One device."""
    return await _show(session, principal.sight, device_id, clock.now_ms())


@router.patch("/{device_id}", summary="Change a device", responses=NO_DEVICE | TAKEN)
async def patch(
    device_id: DeviceKey, body: DevicePatch, session: WriteSession, change: DevicesChange
) -> DeviceOut:
    """Change what the body names; `tags` and `networks` are replaced as a whole."""
    await service.patch(session, change, device_id, body)
    return await _show(session, change.principal.sight, device_id, change.clock.now_ms())


@router.delete(
    "/{device_id}",
    status_code=204,
    summary="Delete a device",
    dependencies=FRESH,
    responses=NO_DEVICE | failures(NOT_FRESH),
)
async def delete(device_id: DeviceKey, session: WriteSession, change: DevicesChange) -> None:
    """Delete a device. Its uid is free again; what it sent stays counted."""
    await service.delete(session, change, device_id)


@router.post(
    "/{device_id}/token",
    summary="Rotate a device's token",
    dependencies=FRESH,
    responses=NO_DEVICE | NO_TOKEN,
)
async def rotate_token(
    device_id: DeviceKey, session: WriteSession, change: DevicesChange, request: Request
) -> TokenOut:
    """A new token, shown this once. The old one ends at once, and so does its connection."""
    token = await service.rotate_token(session, change, device_id)
    idempotency.keep(request, TokenOut(token=None))
    return TokenOut(token=token)


@router.post("/{device_id}/disable", summary="Disable a device", responses=NO_DEVICE)
async def disable(device_id: DeviceKey, session: WriteSession, change: DevicesChange) -> DeviceOut:
    """It may not connect until it is enabled again; its connection ends."""
    await service.set_disabled(session, change, device_id, disabled=True)
    return await _show(session, change.principal.sight, device_id, change.clock.now_ms())


@router.post("/{device_id}/enable", summary="Enable a device", responses=NO_DEVICE)
async def enable(device_id: DeviceKey, session: WriteSession, change: DevicesChange) -> DeviceOut:
    """It may connect again."""
    await service.set_disabled(session, change, device_id, disabled=False)
    return await _show(session, change.principal.sight, device_id, change.clock.now_ms())


async def _show(session: AsyncSession, sight: Sight, public_id: str, now_ms: int) -> DeviceOut:
    await session.flush()
    row = await repository.one(session, sight, public_id)
    if row is None:
        raise NoSuchDevice
    tags = await repository.tags(session, sight.org_id, [row.id])
    return _out(row, tags.get(row.id, []), now_ms)


def _out(row: repository.Line, tags: list[str], now_ms: int) -> DeviceOut:
    return DeviceOut.model_construct(
        id=row.public_id,
        uid=row.uid,
        name=row.name,
        profile=row.profile,
        tags=tags,
        transport="lines" if row.imei is None else "teltonika",
        authenticated=row.imei is None,
        networks=row.networks or [],
        disabled=row.disabled,
        online=is_online(row.online, row.last_seen, now_ms),
        last_seen=from_ms(row.last_seen) if row.last_seen else None,
        firmware=row.firmware or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
    )

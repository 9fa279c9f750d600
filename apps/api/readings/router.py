"""`/v1/devices/{id}/readings` and `/v1/devices/{id}/latest`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from apps.api.dependencies import NO_DEVICE, DeviceKey, DevicesReader, ReadingsReader
from apps.api.devices import service as devices
from apps.api.devices.errors import NoSuchDevice
from apps.api.devices.rules import is_online
from apps.api.readings import repository
from apps.api.readings.schemas import LatestOut, LatestValue, ReadingOut, ReadingsQuery
from apps.api.streams import page_body
from shared.web.dependencies import ClockOf, CursorsOf, ReadSession
from shared.web.schemas import Page

router = APIRouter(prefix="/v1/devices/{device_id}", tags=["readings"])


@router.get(
    "/readings",
    summary="List raw readings",
    response_model=Page[ReadingOut],
    responses=NO_DEVICE,
)
async def list_readings(
    device_id: DeviceKey,
    query: Annotated[ReadingsQuery, Query()],
    principal: ReadingsReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Response:
    """Readings of a device by its time, values exactly as they were stored.

    `start` is in the span, `end` is not. Two readings of one millisecond both stand.
    """
    number = await devices.number(session, principal.sight, device_id)
    descending = query.order == "desc"
    about = {"list": "readings", "org": principal.org_id, "device": number} | _question(query)
    found = await repository.page(
        session,
        number,
        query.span,
        after=cursors.decode(about, query.cursor) if query.cursor else None,
        descending=descending,
        limit=query.limit + 1,
    )
    rows = found[: query.limit]
    items = [f'{{"t":{ts},"boot":{boot},"s":{seq},"v":{body}}}' for ts, boot, seq, body in rows]
    more = len(found) > query.limit
    cursor = cursors.encode(about, list(rows[-1][:3])) if more else None
    return Response(page_body(items, cursor), media_type="application/json")


@router.get("/latest", summary="Get latest values", responses=NO_DEVICE)
async def latest(
    device_id: DeviceKey, principal: DevicesReader, session: ReadSession, clock: ClockOf
) -> LatestOut:
    """Of each metric the value with the latest device time, and whether the device is online."""
    found = await repository.latest(session, principal.sight, device_id)
    if found is None:
        raise NoSuchDevice
    values = {
        name: LatestValue(value=value, t=at, unit=found.metrics.get(name, {}).get("unit"))
        for name, (value, at) in found.values.items()
    }
    return LatestOut(
        device=device_id,
        online=is_online(found.online, found.last_seen, clock.now_ms()),
        last_seen=found.last_seen or None,
        values=values,
    )


def _question(query: ReadingsQuery) -> dict[str, object]:
    return {"start": query.start, "end": query.end, "order": query.order}

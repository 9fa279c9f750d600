"""`/v1/events` and `/v1/devices/{id}/events`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.dependencies import NO_DEVICE, DeviceKey, ReadingsReader
from apps.api.devices import repository as devices
from apps.api.devices.service import number
from apps.api.events import repository
from apps.api.events.schemas import EventOut, EventsQuery
from apps.api.streams import page_body
from shared.auth.principal import Sight
from shared.web.cursors import Cursors
from shared.web.dependencies import CursorsOf, ReadSession
from shared.web.schemas import Page

router = APIRouter(prefix="/v1", tags=["events"])


@router.get("/events", summary="List events", response_model=Page[EventOut])
async def list_events(
    query: Annotated[EventsQuery, Query()],
    principal: ReadingsReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Response:
    """Events of every device by device time; `name` limits them to one kind."""
    return await _page(session, principal.sight, query, cursors, device_id=None)


@router.get(
    "/devices/{device_id}/events",
    summary="List a device's events",
    response_model=Page[EventOut],
    responses=NO_DEVICE,
)
async def list_device_events(
    device_id: DeviceKey,
    query: Annotated[EventsQuery, Query()],
    principal: ReadingsReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Response:
    """Events of one device by its time."""
    found = await number(session, principal.sight, device_id)
    return await _page(session, principal.sight, query, cursors, device_id=found)


async def _page(
    session: AsyncSession,
    sight: Sight,
    query: EventsQuery,
    cursors: Cursors,
    *,
    device_id: int | None,
) -> Response:
    org_id = sight.org_id
    question = repository.Question(
        span=query.span,
        device_id=device_id,
        name=query.name,
        descending=query.order == "desc",
    )
    about = {"list": "events", "org": org_id, "question": repr(question)}
    after = cursors.decode(about, query.cursor) if query.cursor else None
    found = await repository.page(session, sight, question, after=after, limit=query.limit + 1)
    rows = found[: query.limit]
    names = await devices.public_ids(session, org_id, (row[1] for row in rows))
    items = [
        f'{{"device":"{names[device]}","t":{ts},"boot":{boot},"s":{seq},"e":"{name}","d":{data}}}'
        for ts, device, boot, seq, name, data in rows
    ]
    cursor = cursors.encode(about, list(rows[-1][:4])) if len(found) > query.limit else None
    return Response(page_body(items, cursor), media_type="application/json")

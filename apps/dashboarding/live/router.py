"""`/v1/live`."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from apps.dashboarding.dependencies import LiveOf, ReadingsReader
from apps.dashboarding.live.schemas import DESCRIPTION, EXAMPLE
from shared.web.openapi import failures
from shared.web.streaming import BoundedStream
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1", tags=["live"])

# A list of any length would not fit into a request's head; who wants more leaves it out.
MOST_DEVICES = 100
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}


@router.get(
    "/live",
    summary="Follow readings live",
    description=DESCRIPTION,
    response_class=Response,
    responses={
        200: {
            "description": "Events for as long as the reader stays.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **failures(
            {
                404: "There is no such device in this organisation.",
                429: "This organisation has as many streams open as it may.",
                503: "This process is full, or going away.",
            }
        ),
    },
)
async def follow(
    *,
    principal: ReadingsReader,
    live: LiveOf,
    devices: Annotated[
        list[Annotated[str, Query(pattern=r"^[A-Za-z0-9_]{1,31}$")]],
        Query(
            alias="device",
            max_length=MOST_DEVICES,
            description="public id of a device, as often as wanted; none: all devices",
            examples=[["dev_01JD3V3Q8X0000000000000000"]],
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    last_event_id: Annotated[
        str | None, Header(max_length=100, description="id of the last event that was received")
    ] = None,
) -> Response:
    watched = await live.devices(principal, devices)
    return BoundedStream(
        live.stream(principal, watched, last_event_id),
        slots=live.slots,
        org_id=principal.org_id,
        stall_s=live.settings.stream_stall_s,
        headers=HEADERS,
    )

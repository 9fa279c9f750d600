"""`/v1/exports`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from apps.reporting.dependencies import ExportSlots, ReadingsReader, SettingsOf
from apps.reporting.exports import rules, service
from shared.clock import from_ms
from shared.web.dependencies import ServicesOf
from shared.web.fields import EventName
from shared.web.openapi import failures
from shared.web.schemas import LATEST_MS, Instant
from shared.web.streaming import BoundedStream
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/exports", tags=["exports"])

METRICS = r"^[a-z][a-z0-9_.]{0,63}(,[a-z][a-z0-9_.]{0,63})*$"

Devices = Annotated[
    list[Annotated[str, Query(pattern=r"^[A-Za-z0-9_]{1,31}$")]],
    Query(
        alias="device",
        max_length=rules.MOST_DEVICES,
        description="public id of a device, as often as wanted; none: all devices",
        examples=[["dev_01JD3V3Q8X0000000000000000"]],
    ),
]
Start = Annotated[Instant, Query(description="not before this device time")]
End = Annotated[Instant, Query(description="before this device time")]
Metrics = Annotated[
    list[Annotated[str, Query(max_length=2_000, pattern=METRICS)]],
    Query(
        max_length=10,
        description="columns, with commas between; without it, every metric of the devices",
        examples=[["temp,door"]],
    ),
]
Fields = Annotated[
    list[Annotated[str, Query(min_length=1, max_length=200)]],
    Query(
        max_length=10,
        description="fields of the data to write as columns, with commas between; without it, "
        "all as JSON",
        examples=[["kwh,minor"]],
    ),
]


def _file(example: str) -> dict[int | str, dict[str, Any]]:
    shown = {"schema": {"type": "string"}, "example": example}
    return {
        200: {"description": "A CSV file (RFC 4180).", "content": {"text/csv": shown}},
        **failures(
            {
                404: "There is no such device in this organisation.",
                422: "A parameter is not acceptable, e.g. start is after end.",
                429: "This organisation has as many exports under way as it may.",
                503: "This process has as many exports under way as it takes.",
            }
        ),
    }


@router.get(
    "/readings.csv",
    summary="Export readings as CSV",
    response_class=Response,
    responses=_file(
        "device,time,t,boot,s,door,temp\r\n"
        "dev_01JD3V3Q8X0000000000000000,2025-11-21T16:00:00.000Z,1763740800000,12,4712,true,21.50\r\n"
    ),
)
async def export_readings(
    *,
    principal: ReadingsReader,
    services: ServicesOf,
    settings: SettingsOf,
    slots: ExportSlots,
    devices: Devices = [],  # noqa: B006 - FastAPI copies it
    start: Start = 0,
    end: End = LATEST_MS,
    metrics: Metrics = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """One line a reading, device by device in the order of time, one column a metric.

    Numbers are exactly as they are stored. Text that a spreadsheet would take for a formula has
    an apostrophe before it. A file that ends without its last chunk is not whole.
    """
    asked = await service.wanted(services.database, principal.sight, devices, start, end)
    chunks = service.readings_csv(services.database, asked, service.columns(metrics))
    return BoundedStream(
        chunks,
        slots=slots,
        org_id=principal.org_id,
        stall_s=settings.export_stall_s,
        headers=_headers("readings", services),
    )


@router.get(
    "/events.csv",
    summary="Export events as CSV",
    response_class=Response,
    responses=_file(
        "device,time,t,boot,s,event,kwh\r\n"
        "dev_01JD3V3Q8X0000000000000000,2025-11-21T16:00:00.000Z,1763740800000,12,4713,"
        "session.completed,10.52\r\n"
    ),
)
async def export_events(
    *,
    principal: ReadingsReader,
    services: ServicesOf,
    settings: SettingsOf,
    slots: ExportSlots,
    devices: Devices = [],  # noqa: B006 - FastAPI copies it
    start: Start = 0,
    end: End = LATEST_MS,
    event: Annotated[EventName | None, Query(description="only events of this name")] = None,
    fields: Fields = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """One line an event, device by device in the order of time, with its data.

    The same holds as for readings.
    """
    asked = await service.wanted(services.database, principal.sight, devices, start, end)
    named = service.columns(fields)
    chunks = service.events_csv(services.database, asked, name=event, fields=named)
    return BoundedStream(
        chunks,
        slots=slots,
        org_id=principal.org_id,
        stall_s=settings.export_stall_s,
        headers=_headers("events", services),
    )


def _headers(what: str, services: ServicesOf) -> dict[str, str]:
    at = from_ms(services.clock.now_ms()).strftime("%Y%m%dT%H%M%SZ")
    return {
        "content-type": "text/csv; charset=utf-8; header=present",
        "content-disposition": f'attachment; filename="{what}-{at}.csv"',
        "cache-control": "no-store",
    }

"""`/v1/meters`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from apps.billing.dependencies import UsageChange, UsageReader
from apps.billing.meters import service
from apps.billing.meters.schemas import MeterIn, MeterOut
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.fields import Cursor
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Limit, Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/meters", tags=["meters"])

Id = Annotated[str, public_id("a meter", "mtr")]
FRESH = [Depends(fresh())]
GONE = {404: "There is no such meter in this organisation."}


@router.post(
    "",
    status_code=201,
    summary="Create a meter",
    dependencies=FRESH,
    responses=failures(NOT_FRESH | {409: "Another meter has this code."}),
)
async def create(
    body: MeterIn, session: WriteSession, change: UsageChange, response: Response
) -> MeterOut:
    """Say what is counted: `event_sum` adds up the number in a field of an event, `event_count`
    counts the events, `messages` what was stored, `active_devices` the devices that sent it.

    A number is a JSON number or decimal text (`"10.52"`), kept to 12 decimals. Events that came
    before the meter are counted too, by and by: `backfilled_at` says when all of them were. The
    meters `messages` and `active_devices` are there without being made.
    """
    meter = await service.create(session, change, body)
    response.headers["Location"] = f"/v1/meters/{meter.public_id}"
    return service.out(meter)


@router.get("", summary="List meters")
async def list_meters(
    principal: UsageReader,
    session: ReadSession,
    cursors: CursorsOf,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MeterOut]:
    """The meters that were made, by code."""
    return await service.page(session, principal.org_id, cursors, limit, cursor)


@router.get("/{meter_id}", summary="Get a meter", responses=failures(GONE))
async def get(meter_id: Id, principal: UsageReader, session: ReadSession) -> MeterOut:
    """One meter."""
    return service.out(await service.get(session, principal.org_id, meter_id))


@router.delete(
    "/{meter_id}",
    status_code=204,
    summary="Delete a meter",
    dependencies=FRESH,
    responses=failures(GONE | NOT_FRESH),
)
async def delete(meter_id: Id, session: WriteSession, change: UsageChange) -> None:
    """It counts no more and its code is free. What it measured is kept for what was invoiced,
    but a new meter of the same code counts from the events again.
    """
    await service.delete(session, change, meter_id)

"""What can be done with meters."""

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.billing.meters import repository
from apps.billing.meters.errors import MeterCodeTaken, NoSuchMeter
from apps.billing.meters.schemas import MeterIn, MeterOut
from shared.auth import audit
from shared.auth.limits import require_all
from shared.jobs import enqueue
from shared.models import Meter
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page

BACKFILL = "billing.backfill"


async def get(session: AsyncSession, org_id: int, public_id: str) -> Meter:
    """A meter of the organisation. Raises `NoSuchMeter`."""
    meter = await repository.find_id(session, org_id, public_id)
    if meter is None:
        raise NoSuchMeter(public_id)
    return meter


async def page(
    session: AsyncSession, org_id: int, cursors: Cursors, limit: int, cursor: str | None
) -> Page[MeterOut]:
    """Meters by code."""
    about = {"list": "meters", "org": org_id}
    after = cursors.decode(about, cursor)[0] if cursor else None
    found = await repository.page(session, org_id, after, limit + 1)
    items = [out(meter) for meter in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next=cursors.encode(about, [items[-1].code]) if more else None)


async def create(session: AsyncSession, change: Change, body: MeterIn) -> Meter:
    """A new meter; events that are there already are counted by a job.

    Raises `MeterCodeTaken`, `Limited`: meters are of all devices.
    """
    require_all(change.principal.sight)
    meter = Meter(
        org_id=change.origin.org_id,
        gone=0,
        created_at=change.now,
        backfilled_at=None if body.event else change.now,
        **body.model_dump(),
    )
    try:
        async with session.begin_nested():
            session.add(meter)
    except IntegrityError:
        raise MeterCodeTaken(f"another meter has the code {body.code}") from None
    if body.event:
        payload = {"org": meter.org_id, "meter": meter.public_id, "after": None}
        await enqueue(session, BACKFILL, meter.public_id, payload, now=change.now)
        change.wake(BACKFILL)
    _note(session, change, "meter.create", meter, after=body.model_dump())
    return meter


async def delete(session: AsyncSession, change: Change, public_id: str) -> None:
    """Delete a meter: it counts no more, and its code is free.

    Raises `NoSuchMeter`, `Limited`.
    """
    require_all(change.principal.sight)
    meter = await get(session, change.origin.org_id, public_id)
    meter.gone = meter.id
    before = {name: getattr(meter, name) for name in MeterIn.model_fields}
    _note(session, change, "meter.delete", meter, before=before)
    await session.flush()


def out(meter: Meter) -> MeterOut:
    """A meter as it is shown."""
    return MeterOut.model_validate(_facts(meter))


def _facts(meter: Meter) -> dict[str, Any]:
    return {name: getattr(meter, name) for name in MeterOut.model_fields} | {"id": meter.public_id}


def _note(
    session: AsyncSession, change: Change, action: str, meter: Meter, **facts: dict[str, Any]
) -> None:
    audit.record(session, change.origin, action, meter.public_id, at=change.now, **facts)

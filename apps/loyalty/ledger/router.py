"""`/v1/members/{id}/balance`, `entries` and `adjustments`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from apps.loyalty.dependencies import MembersChange, MembersReader
from apps.loyalty.ledger import service
from apps.loyalty.ledger.schemas import AdjustmentIn, BalanceOut, EntryOut, EntryQuery
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/members", tags=["points"])

Id = Annotated[str, public_id("a member", "mbr")]
FRESH = [Depends(fresh())]
GONE = {404: "There is no such member in this organisation."}


@router.get("/{member_id}/balance", summary="Get a member's points", responses=failures(GONE))
async def balance(member_id: Id, principal: MembersReader, session: ReadSession) -> BalanceOut:
    """What the member has now: the sum of its entries."""
    return await service.balance(session, principal.org_id, member_id)


@router.get("/{member_id}/entries", summary="List a member's entries", responses=failures(GONE))
async def entries(
    member_id: Id,
    query: Annotated[EntryQuery, Query()],
    principal: MembersReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Page[EntryOut]:
    """Every movement of points, newest first. Entries are never changed. Who is limited to groups
    of devices is shown no `event` of another device.
    """
    return await service.page(session, principal.sight, cursors, member_id, query)


@router.post(
    "/{member_id}/adjustments",
    status_code=201,
    summary="Adjust a member's points",
    dependencies=FRESH,
    responses=failures(GONE | NOT_FRESH | {409: "The member does not have so many points."}),
)
async def adjust(
    member_id: Id, body: AdjustmentIn, session: WriteSession, change: MembersChange
) -> EntryOut:
    """Add or take points by hand, with a reason. Oldest points go first; never below 0. Send an
    `Idempotency-Key`, so that a request that is sent again adjusts once.
    """
    return await service.adjust(session, change, member_id, body)

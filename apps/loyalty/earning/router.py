"""`/v1/rules`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from apps.loyalty.dependencies import MembersChange, MembersReader
from apps.loyalty.earning import service
from apps.loyalty.earning.schemas import RuleIn, RuleOut
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.fields import Cursor
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Limit, Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/rules", tags=["rules"])

Id = Annotated[str, public_id("an earning rule", "rul")]
FRESH = [Depends(fresh())]
GONE = {404: "There is no such rule in this organisation."}


@router.post(
    "",
    status_code=201,
    summary="Create an earning rule",
    dependencies=FRESH,
    responses=failures(NOT_FRESH | {404: "There is no such programme in this organisation."}),
)
async def create(
    body: RuleIn, session: WriteSession, change: MembersChange, response: Response
) -> RuleOut:
    """Points for an event: `points_per_unit` times the number in its `field`, rounded for each
    event, to the member whose tag is in `member_field`.

    It holds for events from `starts_at` on, also those that came before the rule: to leave them
    out, give a `starts_at`. The order in which rules, members, tags and events come does not
    matter. An event earns once by each rule. `backfilled_at` says when all earlier events were
    looked at.
    """
    rule = await service.create(session, change, body)
    response.headers["Location"] = f"/v1/rules/{rule.id}"
    return rule


@router.get("", summary="List earning rules")
async def list_rules(
    principal: MembersReader,
    session: ReadSession,
    cursors: CursorsOf,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RuleOut]:
    """Rules in the order in which they were made; deleted ones are not active."""
    return await service.page(session, principal.org_id, cursors, limit, cursor)


@router.get("/{rule_id}", summary="Get an earning rule", responses=failures(GONE))
async def get(rule_id: Id, principal: MembersReader, session: ReadSession) -> RuleOut:
    """One rule."""
    return await service.shown(session, principal.org_id, rule_id)


@router.delete(
    "/{rule_id}",
    status_code=204,
    summary="Delete an earning rule",
    dependencies=FRESH,
    responses=failures(GONE | NOT_FRESH),
)
async def delete(rule_id: Id, session: WriteSession, change: MembersChange) -> None:
    """It gives no points any more. Those it gave stay, and so does what it gave for tags that
    have no member yet.
    """
    await service.delete(session, change, rule_id)

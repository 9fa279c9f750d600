"""`/v1/audit`: read only. What is written here is written by the change itself."""

from typing import Annotated

from fastapi import APIRouter, Query

from apps.administration.audit import service
from apps.administration.audit.repository import Filter
from apps.administration.audit.schemas import EntryOut
from apps.administration.dependencies import AuditReader
from shared.web.dependencies import CursorsOf, ReadSession
from shared.web.fields import Cursor
from shared.web.openapi import failures
from shared.web.paths import public_id
from shared.web.schemas import Instant, Limit, Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1", tags=["audit"])

Id = Annotated[str, public_id("an entry", "aud")]


@router.get(
    "/audit",
    summary="List audit entries",
    responses=failures({422: "A filter is not acceptable, e.g. start is after end."}),
)
async def list_entries(
    *,
    session: ReadSession,
    principal: AuditReader,
    cursors: CursorsOf,
    action: Annotated[str | None, Query(max_length=100, description="e.g. device.create")] = None,
    target: Annotated[
        str | None, Query(max_length=200, description="public id of what was changed")
    ] = None,
    actor: Annotated[
        str | None, Query(max_length=200, description="public id of who changed it")
    ] = None,
    start: Annotated[Instant | None, Query(description="not before this time")] = None,
    end: Annotated[Instant | None, Query(description="before this time")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[EntryOut]:
    """Every change made through any app, newest first."""
    wanted = Filter(action, target, actor, start, end)
    return await service.page(
        session, principal.org_id, cursors, wanted, limit=limit, cursor=cursor
    )


@router.get(
    "/audit/{entry_id}",
    summary="Get an audit entry",
    responses=failures({404: "There is no such entry in this organisation."}),
)
async def get_entry(entry_id: Id, session: ReadSession, principal: AuditReader) -> EntryOut:
    """One change: who, what, when, from where, and the values before and after."""
    return await service.get(session, principal.org_id, entry_id)

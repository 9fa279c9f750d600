"""`/v1/audit`: read only. What is written here is written by the change itself."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from apps.administration.audit import service
from apps.administration.audit.asked import KeeperOf, SlotsOf
from apps.administration.audit.export import ndjson
from apps.administration.audit.repository import Filter
from apps.administration.audit.schemas import ChainOut, EntryOut
from apps.administration.dependencies import AuditReader
from shared.clock import from_ms
from shared.web.dependencies import CursorsOf, ReadSession, ServicesOf
from shared.web.fields import Cursor
from shared.web.openapi import failures
from shared.web.paths import public_id
from shared.web.schemas import Instant, Limit, Page
from shared.web.streaming import BoundedStream
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1", tags=["audit"])

# As long as for exports of readings.
STALL_S = 60.0

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


@router.get("/audit/chain", summary="Get the chain of the audit")
async def get_chain(session: ReadSession, principal: AuditReader, keeper: KeeperOf) -> ChainOut:
    """Where it begins and ends. An entry has its place within seconds of its commit."""
    return await service.chain(session, principal.org_id, keeper)


@router.get(
    "/audit/export",
    summary="Export the audit with its chain",
    response_class=Response,
    responses={
        200: {
            "description": "NDJSON; `fortress audit verify FILE` checks it.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
        **failures(
            {
                422: "There is no entry `after` yet.",
                429: "This organisation has as many exports under way as it may.",
                503: "This process has as many exports under way as it takes.",
            }
        ),
    },
)
async def export_entries(
    *,
    principal: AuditReader,
    services: ServicesOf,
    keeper: KeeperOf,
    slots: SlotsOf,
    after: Annotated[
        int, Query(ge=0, le=2**53, description="only what follows this entry of the chain")
    ] = 0,
) -> Response:
    """Every entry in the order of the chain, each with its hash, then the chain's signed end.

    A file without its last line is not whole.
    """
    at = from_ms(services.clock.now_ms()).strftime("%Y%m%dT%H%M%SZ")
    return BoundedStream(
        ndjson(services.database, keeper, principal.org_id, after),
        slots=slots,
        org_id=principal.org_id,
        stall_s=STALL_S,
        headers={
            "content-type": "application/x-ndjson",
            "content-disposition": f'attachment; filename="audit-{at}.ndjson"',
            "cache-control": "no-store",
        },
    )


@router.get(
    "/audit/{entry_id}",
    summary="Get an audit entry",
    responses=failures({404: "There is no such entry in this organisation."}),
)
async def get_entry(entry_id: Id, session: ReadSession, principal: AuditReader) -> EntryOut:
    """One change: who, what, when, from where, and the values before and after."""
    return await service.get(session, principal.org_id, entry_id)

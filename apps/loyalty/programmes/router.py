"""`/v1/programmes`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from apps.loyalty.dependencies import MembersChange, MembersReader
from apps.loyalty.programmes import service
from apps.loyalty.programmes.schemas import ProgrammeIn, ProgrammeOut
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.fields import Cursor
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Limit, Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/programmes", tags=["programmes"])

Id = Annotated[str, public_id("a programme", "prg")]


@router.post(
    "",
    status_code=201,
    summary="Create a programme",
    dependencies=[Depends(fresh())],
    responses=failures(NOT_FRESH | {409: "Another programme has this name."}),
)
async def create(
    body: ProgrammeIn, session: WriteSession, change: MembersChange, response: Response
) -> ProgrammeOut:
    """Members and earning rules belong to a programme."""
    programme = await service.create(session, change, body)
    response.headers["Location"] = f"/v1/programmes/{programme.public_id}"
    return service.out(programme)


@router.get("", summary="List programmes")
async def list_programmes(
    principal: MembersReader,
    session: ReadSession,
    cursors: CursorsOf,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ProgrammeOut]:
    """Programmes by name."""
    return await service.page(session, principal.org_id, cursors, limit, cursor)


@router.get(
    "/{programme_id}",
    summary="Get a programme",
    responses=failures({404: "There is no such programme in this organisation."}),
)
async def get(programme_id: Id, principal: MembersReader, session: ReadSession) -> ProgrammeOut:
    """One programme."""
    return service.out(await service.get(session, principal.org_id, programme_id))

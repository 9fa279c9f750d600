"""`/v1/organisations`."""

from typing import Annotated

from fastapi import APIRouter, Depends

from apps.administration.dependencies import OrganisationChange, OrganisationReader
from apps.administration.organisations import service
from apps.administration.organisations.schemas import OrganisationOut, OrganisationPatch
from shared.web.dependencies import ReadSession, WriteSession, fresh
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1", tags=["organisations"])

Id = Annotated[str, public_id("an organisation", "org")]
NOT_FOUND = {404: "There is no such organisation for this key."}


@router.get("/organisations", summary="List organisations")
async def list_organisations(
    session: ReadSession, principal: OrganisationReader
) -> Page[OrganisationOut]:
    """The organisations that the key belongs to: one."""
    found = await service.get(session, principal, principal.org_public_id)
    return Page(items=[found])


@router.get(
    "/organisations/{organisation_id}",
    summary="Get an organisation",
    responses=failures(NOT_FOUND),
)
async def get_organisation(
    organisation_id: Id, session: ReadSession, principal: OrganisationReader
) -> OrganisationOut:
    """Its name and for how many days it keeps readings."""
    return await service.get(session, principal, organisation_id)


@router.patch(
    "/organisations/{organisation_id}",
    summary="Change an organisation",
    dependencies=[Depends(fresh())],
    responses=failures(NOT_FOUND | NOT_FRESH),
)
async def change_organisation(
    organisation_id: Id,
    patch: OrganisationPatch,
    session: WriteSession,
    change: OrganisationChange,
) -> OrganisationOut:
    """Change what the body names; what it leaves out stays. A retention of null keeps all."""
    return await service.patch(session, change, organisation_id, patch)

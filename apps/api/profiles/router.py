"""`/v1/profiles`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from apps.api.dependencies import DevicesChange, DevicesReader
from apps.api.profiles import repository, service
from apps.api.profiles.schemas import Metric, ProfileIn, ProfileOut, ProfilePatch, ProfileQuery
from shared.models import DeviceProfile
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/profiles", tags=["profiles"])

ProfileKey = Annotated[str, public_id("a profile", "prf")]
FRESH = [Depends(fresh())]
GONE = {404: "There is no such profile in this organisation."}
TAKEN = {409: "Another profile has this name."}


@router.post("", status_code=201, summary="Create a profile", responses=failures(TAKEN))
async def create(
    body: ProfileIn, session: WriteSession, change: DevicesChange, response: Response
) -> ProfileOut:
    """Declare what a kind of device measures: type, unit and bounds of each metric.

    Readings of a device with a profile are checked against it as they arrive.
    """
    profile = await service.create(session, change, body)
    response.headers["Location"] = f"/v1/profiles/{profile.public_id}"
    return _out(profile)


@router.get("", summary="List profiles")
async def list_profiles(
    query: Annotated[ProfileQuery, Query()],
    principal: DevicesReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Page[ProfileOut]:
    """Profiles by name."""
    about = {"list": "profiles", "org": principal.org_id}
    after = cursors.decode(about, query.cursor)[0] if query.cursor else None
    found = await repository.page(session, principal.org_id, after, query.limit + 1)
    items = [_out(profile) for profile in found[: query.limit]]
    more = len(found) > query.limit
    return Page(items=items, next=cursors.encode(about, [items[-1].name]) if more else None)


@router.get("/{profile_id}", summary="Get a profile", responses=failures(GONE))
async def get(profile_id: ProfileKey, principal: DevicesReader, session: ReadSession) -> ProfileOut:
    """One profile."""
    return _out(await service.get(session, principal.org_id, profile_id))


@router.patch("/{profile_id}", summary="Change a profile", responses=failures(GONE | TAKEN))
async def patch(
    profile_id: ProfileKey, body: ProfilePatch, session: WriteSession, change: DevicesChange
) -> ProfileOut:
    """Change what the body names; `metrics` is replaced as a whole.

    It holds for what arrives from then on; what is stored stays as it is.
    """
    return _out(await service.patch(session, change, profile_id, body))


@router.delete(
    "/{profile_id}",
    status_code=204,
    summary="Delete a profile",
    dependencies=FRESH,
    responses=failures(GONE | NOT_FRESH | {409: "Devices use the profile."}),
)
async def delete(profile_id: ProfileKey, session: WriteSession, change: DevicesChange) -> None:
    """Delete a profile that no device uses."""
    await service.delete(session, change, profile_id)


def _out(profile: DeviceProfile) -> ProfileOut:
    return ProfileOut(
        id=profile.public_id,
        name=profile.name,
        strict=profile.strict,
        metrics={name: Metric(**metric) for name, metric in profile.metrics.items()},
        created_at=profile.created_at,
        updated_at=profile.updated_at,
    )

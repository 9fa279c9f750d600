"""`/v1/members` and their tags."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from apps.loyalty.dependencies import MembersChange, MembersReader
from apps.loyalty.members import service
from apps.loyalty.members.schemas import (
    MemberIn,
    MemberOut,
    MemberQuery,
    MembersIn,
    MembersOut,
    NewMember,
    TagIn,
)
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/members", tags=["members"])

Id = Annotated[str, public_id("a member", "mbr")]
TagPath = Annotated[str, Path(max_length=128, description="a tag", examples=["TAG-9"])]
FRESH = [Depends(fresh())]
GONE = {404: "There is no such member in this organisation."}
NO_PROGRAMME = {404: "There is no such programme in this organisation."}
TAKEN = {409: "A tag has a member already, or the member has too many."}


@router.post(
    "", status_code=201, summary="Create a member", responses=failures(NO_PROGRAMME | TAKEN)
)
async def create(
    body: MemberIn, session: WriteSession, change: MembersChange, response: Response
) -> MemberOut:
    """A member earns points for events that name one of its tags, also for those that came
    before: what the rules gave for them follows within moments.
    """
    member = NewMember(name=body.name, tags=body.tags)
    bodies = MembersIn(programme=body.programme, members=[member])
    made = await service.create(session, change, bodies)
    response.headers["Location"] = f"/v1/members/{made[0].id}"
    return made[0]


@router.post(
    "/batch", status_code=201, summary="Create members", responses=failures(NO_PROGRAMME | TAKEN)
)
async def create_many(body: MembersIn, session: WriteSession, change: MembersChange) -> MembersOut:
    """Up to 1,000 members at once, in the order of the body: all of them, or none."""
    return MembersOut(items=await service.create(session, change, body))


@router.get("", summary="List members", responses=failures(NO_PROGRAMME))
async def list_members(
    query: Annotated[MemberQuery, Query()],
    principal: MembersReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Page[MemberOut]:
    """Members in the order in which they were made."""
    return await service.page(session, principal.org_id, cursors, query)


@router.get("/{member_id}", summary="Get a member", responses=failures(GONE))
async def get(member_id: Id, principal: MembersReader, session: ReadSession) -> MemberOut:
    """One member with its tags."""
    member = await service.get(session, principal.org_id, member_id)
    return (await service.out(session, principal.org_id, [member]))[0]


@router.post("/{member_id}/tags", summary="Add a tag", responses=failures(GONE | TAKEN))
async def add_tag(
    member_id: Id, body: TagIn, session: WriteSession, change: MembersChange
) -> MemberOut:
    """Give the member one more tag. What the tag earned before it had a member follows."""
    return await service.add_tag(session, change, member_id, body.tag)


@router.delete(
    "/{member_id}/tags/{tag:path}",
    status_code=204,
    summary="Remove a tag",
    dependencies=FRESH,
    responses=failures(NOT_FRESH | {404: "There is no such member, or it does not have the tag."}),
)
async def remove_tag(
    member_id: Id, tag: TagPath, session: WriteSession, change: MembersChange
) -> None:
    """Take the tag from the member. The points that it earned stay."""
    await service.remove_tag(session, change, member_id, tag)

"""`/people`: the members of the organisation. `/leave`: no longer being one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from apps.administration.dependencies import PeopleChange, PeopleReader
from apps.administration.people import service
from apps.administration.people.errors import NoOrganisation
from apps.administration.roles import service as roles
from apps.administration.templating import Desk, DeskOf, done
from shared.auth.people import UnknownRole
from shared.errors import Conflict, DomainError, Forbidden
from shared.web.dependencies import ClockOf, CursorsOf, ReadSession, WriteSession, fresh, origin
from shared.web.fields import Cursor
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Id = Annotated[str, public_id("a member", "mbs")]
FRESH = [Depends(fresh())]
GONE = "a role that is gone"


@router.get("/people")
async def every(
    session: ReadSession,
    principal: PeopleReader,
    desk: DeskOf,
    cursors: CursorsOf,
    cursor: Cursor = None,
) -> Response:
    found = await service.page(session, principal.org_id, cursors, cursor)
    names = await roles.names(session, principal.org_id)
    return await desk.show("people.html", title="People", members=found, names=names, gone=GONE)


@router.get("/people/{membership_id}")
async def one(
    membership_id: Id, session: ReadSession, principal: PeopleReader, desk: DeskOf
) -> Response:
    return await _one(session, desk, principal.org_id, membership_id)


@router.post("/people/{membership_id}/role", dependencies=FRESH)
async def set_role(
    membership_id: Id, form: FormOf, session: WriteSession, change: PeopleChange, desk: DeskOf
) -> Response:
    try:
        await service.set_role(session, change, membership_id, form.get("role", ""))
    except (UnknownRole, Conflict, Forbidden) as error:
        return await _one(session, desk, change.origin.org_id, membership_id, error)
    return done(f"/people/{membership_id}")


@router.post("/people/{membership_id}/remove", dependencies=FRESH)
async def remove(membership_id: Id, session: WriteSession, change: PeopleChange) -> Response:
    await service.remove(session, change, membership_id)
    return done("/people")


@router.post("/people/{membership_id}/disable", dependencies=FRESH)
async def disable(membership_id: Id, session: WriteSession, change: PeopleChange) -> Response:
    await service.disable(session, change, membership_id)
    return done(f"/people/{membership_id}")


@router.post("/people/{membership_id}/enable", dependencies=FRESH)
async def enable(membership_id: Id, session: WriteSession, change: PeopleChange) -> Response:
    await service.enable(session, change, membership_id)
    return done(f"/people/{membership_id}")


@router.get("/leave")
async def ask_to_leave(desk: DeskOf) -> Response:
    if desk.who.principal is None:
        raise NoOrganisation
    return await desk.show("people-leave.html", title=f"Leave {desk.who.organisation}")


@router.post("/leave")
async def leave(request: Request, session: WriteSession, desk: DeskOf, clock: ClockOf) -> Response:
    if desk.who.principal is None:
        raise NoOrganisation
    await service.leave(session, desk.who, origin(request, desk.who.principal), clock.now())
    return done("/")


async def _one(
    session: ReadSession | WriteSession,
    desk: Desk,
    org_id: int,
    membership_id: str,
    error: DomainError | None = None,
) -> Response:
    member = await service.get(session, org_id, membership_id)
    every_role = await roles.every(session, org_id)
    return await desk.show(
        "people-member.html",
        200 if error is None else error.status,
        title=member.name,
        member=member,
        role=next((role.name for role in every_role if role.id == member.role), GONE),
        options=roles.offered(every_role, desk.permissions, member.role),
        may_write=desk.may("people:write"),
        yourself=member.person == desk.who.person_public_id,
        errors={} if error is None else {"role": error.detail},
    )

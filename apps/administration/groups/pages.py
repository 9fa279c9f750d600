"""`/people/{id}/groups`: the groups of devices that a member is limited to."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.dependencies import PeopleChange, PeopleWriter
from apps.administration.groups import repository, service
from apps.administration.people import service as people
from apps.administration.templating import Desk, DeskOf, done
from shared.auth import limits
from shared.auth.people import OwnersSeeAll, UnknownGroup
from shared.errors import DomainError
from shared.web.dependencies import ReadSession, WriteSession, fresh
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.transaction import TransactionalRoute

router = APIRouter(
    route_class=TransactionalRoute, include_in_schema=False, dependencies=[Depends(fresh())]
)

Id = Annotated[str, public_id("a member", "mbs")]
BOX = "group"


@router.get("/people/{membership_id}/groups")
async def see(
    membership_id: Id, session: ReadSession, principal: PeopleWriter, desk: DeskOf
) -> Response:
    chosen = await limits.groups_of(session, principal.org_id, membership_id)
    return await _form(session, desk, membership_id, frozenset(chosen))


@router.post("/people/{membership_id}/groups")
async def limit(
    membership_id: Id, form: FormOf, session: WriteSession, change: PeopleChange, desk: DeskOf
) -> Response:
    boxes = (name.partition(":") for name in form)
    chosen = frozenset(rest for box, _, rest in boxes if box == BOX)
    try:
        await service.set_groups(session, change, membership_id, chosen)
    except (OwnersSeeAll, UnknownGroup) as error:
        return await _form(session, desk, membership_id, chosen, error)
    return done(f"/people/{membership_id}")


async def _form(
    session: AsyncSession,
    desk: Desk,
    membership: str,
    chosen: frozenset[str],
    error: DomainError | None = None,
) -> Response:
    member = await people.get(session, desk.org_id, membership)
    return await desk.show(
        "people-groups.html",
        200 if error is None else error.status,
        title=f"Devices that {member.name} sees",
        member=member,
        groups=await repository.every(session, desk.org_id),
        chosen=chosen,
        box=BOX,
        errors={} if error is None else {BOX: f"{error.title}: {error.detail}."},
    )

"""`/support`: whether support may see the organisation, and until when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from apps.administration.dependencies import SupportChange, SupportReader
from apps.administration.support import service
from apps.administration.support.errors import RoleNotForSupport, UnknownHours
from apps.administration.templating import Desk, DeskOf, done
from shared.errors import DomainError
from shared.web.dependencies import ClockOf, ReadSession, WriteSession, fresh
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Id = Annotated[str, public_id("support that was let in", "sup")]
WORDS = {"viewer": "Look, and change nothing", "operator": "Look, and work with devices"}


@router.get("/support")
async def every(
    session: ReadSession, principal: SupportReader, desk: DeskOf, clock: ClockOf
) -> Response:
    return await _show(session, desk, principal.org_id, clock)


@router.post("/support", dependencies=[Depends(fresh())])
async def let_in(
    form: FormOf, session: WriteSession, change: SupportChange, desk: DeskOf, clock: ClockOf
) -> Response:
    hours = form.get("hours", "")
    try:
        number = int(hours) if hours in map(str, service.HOURS) else 0
        await service.let_in(session, change, form.get("role", ""), number)
    except (RoleNotForSupport, UnknownHours) as error:
        return await _show(session, desk, change.origin.org_id, clock, error)
    return done("/support")


@router.post("/support/{grant_id}/end")
async def end(grant_id: Id, session: WriteSession, change: SupportChange) -> Response:
    await service.end(session, change, grant_id)
    return done("/support")


async def _show(
    session: ReadSession | WriteSession,
    desk: Desk,
    org_id: int,
    clock: ClockOf,
    error: DomainError | None = None,
) -> Response:
    about_role = isinstance(error, RoleNotForSupport)
    return await desk.show(
        "support.html",
        200 if error is None else error.status,
        title="Support access",
        grants=await service.newest(session, org_id),
        now=clock.now(),
        hours=[(str(one), f"{one} hour{'' if one == 1 else 's'}") for one in service.HOURS],
        words=WORDS,
        errors={} if error is None else {"role" if about_role else "hours": error.detail},
    )

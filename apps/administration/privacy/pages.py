"""`/account/data`: what is kept of a person, to be taken away or erased; by an administrator at
`/people/…/erase`.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from apps.administration.dependencies import PeopleChange
from apps.administration.entry import told
from apps.administration.people import service as people
from apps.administration.people.errors import Yourself
from apps.administration.privacy import letters, service
from apps.administration.privacy.errors import NotConfirmed
from apps.administration.templating import Desk, DeskOf, done
from shared.auth import audit
from shared.auth.people import LastOwner
from shared.errors import DomainError
from shared.web import cookies
from shared.web.access import SignedInOf
from shared.web.dependencies import ClockOf, ReadSession, ServicesOf, WriteSession, fresh
from shared.web.forms import FormOf
from shared.web.pages.render import pages, show
from shared.web.paths import public_id
from shared.web.streaming import BoundedStream
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Id = Annotated[str, public_id("a member", "mbs")]
FRESH = [Depends(fresh())]
STALL_S = 60.0


@router.get("/account/data")
async def see(desk: DeskOf) -> Response:
    return await _show(desk)


@router.get("/account/data/export", dependencies=FRESH)
async def take(request: Request, who: SignedInOf, here: ServicesOf) -> Response:
    return BoundedStream(
        service.export(here.database, who.person_id, here.clock.now()),
        slots=request.app.state.personal_exports,
        org_id=who.person_id,
        stall_s=STALL_S,
        headers={
            "content-type": "application/json",
            "content-disposition": 'attachment; filename="my-data.json"',
            "cache-control": "no-store",
        },
    )


@router.post("/account/data/erase", dependencies=FRESH)
async def erase(
    request: Request, form: FormOf, session: WriteSession, desk: DeskOf, clock: ClockOf
) -> Response:
    """Erase oneself: whoever does so is nobody afterwards, and signed in nowhere."""
    who = desk.who
    try:
        service.check_confirmed(who.email, form.get("email", ""))
        whose = told.Whose(who.person_id, who.person_public_id)
        await told.record(request, session, whose, "person.erase", who.person_public_id)
        await letters.say_erased(
            request, session, await service.erase(session, who.person_id, clock.now())
        )
    except (NotConfirmed, LastOwner) as error:
        await session.rollback()
        return await _show(desk, error)
    response = _gone(request)
    cookies.drop(response, cookies.SESSION)
    return response


@router.get("/people/{membership_id}/erase", dependencies=FRESH)
async def ask(
    membership_id: Id, session: ReadSession, change: PeopleChange, desk: DeskOf
) -> Response:
    return await _ask(session, change, desk, membership_id)


@router.post("/people/{membership_id}/erase", dependencies=FRESH)
async def erase_member(
    *,
    request: Request,
    membership_id: Id,
    form: FormOf,
    session: WriteSession,
    change: PeopleChange,
    desk: DeskOf,
) -> Response:
    """Erase somebody who belongs to this organisation alone, and may do no more than oneself."""
    try:
        found = await people.get(session, change.origin.org_id, membership_id)
        service.check_confirmed(found.email, form.get("email", ""))
        person_id = await people.erasable(session, change, membership_id)
        audit.record(session, change.origin, "person.erase", found.person, at=change.now)
        await letters.say_erased(
            request, session, await service.erase(session, person_id, change.now)
        )
    except (NotConfirmed, LastOwner) as error:
        await session.rollback()
        return await _ask(session, change, desk, membership_id, error)
    return done("/people")


async def _show(desk: Desk, error: DomainError | None = None) -> Response:
    return await desk.show(
        "privacy.html",
        200 if error is None else error.status,
        title="Your data",
        errors={} if error is None else {"email": error.detail},
    )


async def _ask(
    session: ReadSession | WriteSession,
    change: PeopleChange,
    desk: Desk,
    membership_id: str,
    error: DomainError | None = None,
) -> Response:
    found = await people.get(session, change.origin.org_id, membership_id)
    if found.person == change.principal.actor:
        raise Yourself
    return await desk.show(
        "privacy-member.html",
        200 if error is None else error.status,
        title=f"Erase {found.name}",
        member=found,
        errors={} if error is None else {"email": error.detail},
    )


def _gone(request: Request) -> Response:
    return show(
        request,
        pages(),
        "message.html",
        title="Your account is erased",
        text="Nothing here says who you were any more. What you changed stays in the audits of your"
        " organisations, without your name.",
        links=[],
    )

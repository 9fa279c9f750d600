"""The end of every way in: the person's sign-in, and administration's own session of it."""

import logging
from datetime import datetime

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from apps.administration.entry import pending, repository, told
from apps.administration.entry.told import Whose
from apps.administration.factors.service import second_needed
from apps.administration.sso.errors import NotAsked
from apps.administration.sso.service import check_way
from shared.auth import sessions
from shared.auth.principal import is_fresh
from shared.auth.sessions import SignedIn
from shared.auth.throttle import DEVICE_KNOWN
from shared.models import Person
from shared.telemetry import logs
from shared.web import cookies
from shared.web.access import NotSignedIn, lifetimes, present
from shared.web.entry.detours import ADMINISTRATION
from shared.web.returns import return_path
from shared.web.services import Services

SECOND = "/sign-in/second"

log = logging.getLogger(__name__)


async def first_factor_passed(
    request: Request, session: AsyncSession, person_id: int, method: str, *, then: str
) -> Response:
    """Sign in who showed `method`, or ask for the second factor where there is one."""
    if not await second_needed(session, person_id):
        return await complete(request, session, person_id, method, then=then)
    response = RedirectResponse(SECOND, 303)
    pending.hold(request, response, person_id, method, then)
    return response


async def complete(
    request: Request,
    session: AsyncSession,
    person_id: int,
    method: str,
    *,
    then: str,
    fresh_at: datetime | None = None,
) -> Response:
    """Sign in a person who has shown all that is asked for, in the caller's unit of work: just now,
    or at `fresh_at`.

    Answers 303 to `then`, a path of administration. Whoever was signed in with this browser is
    not any more; the same person stays signed in everywhere and is fresh. Writes the audit, and to
    the person where the browser is a new one. Raises `NotSignedIn` for who may not come in,
    `Demanded` for who may by single sign-on alone, `NotAsked` for who is in and showed nothing
    fresh.
    """
    person = await repository.person(session, person_id)
    if person is None:
        raise NotSignedIn("this account is closed; ask an administrator of your organisation")
    before = await present(request)
    response = RedirectResponse(return_path(then), 303)
    if before is not None and before.person_id == person_id:
        if fresh_at is not None and not is_fresh(fresh_at, _now(request), lifetimes(request).fresh):
            raise NotAsked
        await confirmed(request, session, before, method, response, fresh_at=fresh_at)
    else:
        await check_way(session, person_id, method)
        if before is not None:
            await sessions.end(session, before.sign_in_id, _now(request))
        token = await _begin(request, session, person, method, fresh_at)
        cookies.put(response, cookies.SESSION, token)
    await _know_device(request, session, person, response)
    cookies.drop(response, cookies.SIGN_IN)
    return response


async def confirmed(
    request: Request,
    session: AsyncSession,
    who: SignedIn,
    method: str,
    response: Response,
    *,
    fresh_at: datetime | None = None,
) -> None:
    """Whoever is signed in showed `method` once more, just now or at `fresh_at`: as fresh as that,
    with another cookie (`response`).
    """
    token = await sessions.confirm(session, who, _now(request), fresh_at)
    cookies.put(response, cookies.SESSION, token)
    log.info("%s confirmed who they are by %s", who.person_public_id, method)
    whose = Whose(who.person_id, who.person_public_id)
    after = {"method": method}
    target = who.sign_in_public_id
    await told.record(request, session, whose, "sign_in.confirm", target, after=after)


async def _begin(
    request: Request, session: AsyncSession, person: Person, method: str, fresh_at: datetime | None
) -> str:
    """The token of a new sign-in's session."""
    now = _now(request)
    row = await sessions.begin(
        session,
        person.id,
        method,
        now,
        lifetimes=lifetimes(request),
        fresh_at=fresh_at,
        address=told.address(request),
        agent=told.agent(request),
    )
    logs.bind(who=person.public_id)
    log.info("%s signed in by %s", person.public_id, method)
    whose = Whose(person.id, person.public_id)
    after = {"method": method}
    await told.record(request, session, whose, "sign_in.begin", row.public_id, after=after)
    return await sessions.open_session(session, row.id, ADMINISTRATION, now)


async def _know_device(
    request: Request, session: AsyncSession, person: Person, response: Response
) -> None:
    """Know this browser again: guesses elsewhere do not slow it. The person hears of a new one."""
    devices, now = request.app.state.guard.devices, _now(request)
    given = cookies.read(request.scope, cookies.DEVICE)
    if devices.find(given, person.email, now) is None:
        await told.new_device(request, session, person.email)
    value = devices.add(given, person.email, now)
    cookies.put(response, cookies.DEVICE, value, DEVICE_KNOWN)


def _now(request: Request) -> datetime:
    here: Services = request.app.state.services
    return here.clock.now()

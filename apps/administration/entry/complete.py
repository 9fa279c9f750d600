"""The end of every way in: the person's sign-in, and administration's own session of it."""

import logging

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from apps.administration.entry import pending
from apps.administration.factors.service import second_needed
from shared.auth import sessions
from shared.web import cookies
from shared.web.access import lifetimes
from shared.web.returns import return_path
from shared.web.services import Services

SECOND = "/sign-in/second"
APP = "administration"

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
    request: Request, session: AsyncSession, person_id: int, method: str, *, then: str
) -> Response:
    """Sign in a person who has shown all that is asked for, in the caller's unit of work.

    Answers 303 to `then`, a path of administration. Raises `NotSignedIn` for who may not come in.
    """
    here: Services = request.app.state.services
    now = here.clock.now()
    row = await sessions.begin(
        session,
        person_id,
        method,
        now,
        lifetimes=lifetimes(request),
        address=request.client.host if request.client else None,
        agent=request.headers.get("user-agent"),
    )
    token = await sessions.open_session(session, row.id, APP, now)
    response = RedirectResponse(return_path(then), 303)
    cookies.put(response, cookies.SESSION, token)
    cookies.drop(response, cookies.SIGN_IN)
    return response

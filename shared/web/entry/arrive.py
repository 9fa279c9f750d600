"""`/sign-in` of an app: to administration, and back with a code for a session of this app."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import delete
from starlette.responses import RedirectResponse, Response

from shared.auth import codes
from shared.auth.principal import is_fresh
from shared.errors import BadRequest
from shared.ids import digest
from shared.models import AppSession
from shared.telemetry import logs
from shared.web import cookies
from shared.web.access import lifetimes, present, public
from shared.web.entry import begun
from shared.web.entry.begun import Begun
from shared.web.entry.detours import ADMINISTRATION, SIGN_IN
from shared.web.pages.render import pages, show
from shared.web.returns import HOME, SIGNED_IN_PATH, addresses, return_path
from shared.web.services import Services
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Return = Annotated[str | None, Query(alias="return", max_length=2_000)]
Word = Annotated[str, Query(max_length=200)]


@router.get(SIGN_IN, dependencies=[Depends(public("whoever signs in is not signed in yet"))])
async def begin(request: Request, then: Return = None, *, fresh: bool = False) -> Response:
    """To administration; at once on to `return` for who is signed in (and `fresh`, if asked)."""
    here: Services = request.app.state.services
    known = addresses(request.scope, here.settings, request.app.state.name)
    found = await present(request)
    lately = lifetimes(request).fresh
    if found and (not fresh or is_fresh(found.fresh_at, here.clock.now(), lately)):
        return RedirectResponse(return_path(then), 303)
    response = RedirectResponse(HOME, 303)
    state, challenge = begun.add(request, response, return_path(then))
    query = {"app": request.app.state.name, "challenge": challenge, "state": state}
    query |= {"fresh": "true"} if fresh else {}
    response.headers["location"] = f"{known.origin(ADMINISTRATION)}/authorize?{urlencode(query)}"
    return response


@router.get(SIGNED_IN_PATH, dependencies=[Depends(public("the code in its query says who it is"))])
async def done(request: Request, code: Word, state: Word) -> Response:
    """The code becomes a session, if this browser began the sign-in that it belongs to."""
    known = begun.find(request, state)
    token = None if known is None else await _exchange(request, code, known)
    if known is None or token is None:
        response = await _over(request)
    else:
        response = RedirectResponse(known.then, 303)
        cookies.put(response, cookies.SESSION, token)
    begun.take(request, response, state)
    return response


async def _exchange(request: Request, code: str, known: Begun) -> str | None:
    here: Services = request.app.state.services
    app: str = request.app.state.name
    before = cookies.read(request.scope, cookies.SESSION)
    async with here.database.unit_of_work() as session:
        token = await codes.exchange(
            session,
            code,
            known.verifier,
            app=app,
            redirect=addresses(request.scope, here.settings, app).signed_in(app),
            now=here.clock.now(),
            lifetimes=lifetimes(request),
        )
        if token is not None and before is not None:
            # The browser has one cookie: what it held before is of no use to anybody.
            await session.execute(
                delete(AppSession).where(  # unscoped: the token names the session
                    AppSession.token_hash == digest(before), AppSession.app == app
                )
            )
    return token


async def _over(request: Request) -> Response:
    """A page that was loaded again, or a link that somebody else made."""
    if await present(request):
        return RedirectResponse(HOME, 303)
    logs.bind(problem="sign_in_over")
    return show(
        request,
        pages(),
        "message.html",
        BadRequest.status,
        title="This sign-in is over",
        text="It took too long, or was finished already. Begin it again.",
        links=[(SIGN_IN, "Sign in")],
    )

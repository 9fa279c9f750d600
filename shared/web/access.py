"""Who comes with a browser's session, and what a route says it asks for.

Every route says one of these: `allow("…")` (shared.web.dependencies), `signed_in`, `public("why")`.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated

from fastapi import Depends, Request

from shared.auth import sessions
from shared.auth.sessions import Lifetimes, SignedIn
from shared.errors import Unauthenticated
from shared.telemetry import logs
from shared.web import cookies
from shared.web.returns import addresses
from shared.web.services import Services
from shared.web.settings import WebSettings


class NotSignedIn(Unauthenticated):
    """The request came with no session that is alive."""

    title = "Sign in first"


@cache
def public(reason: str) -> Callable[[], Awaitable[None]]:
    """A dependency that asks for nothing: everybody may call the route, because of `reason`."""

    async def anybody() -> None:
        """Ask for nothing."""

    anybody.__dict__["public"] = reason
    return anybody


def lifetimes(request: Request) -> Lifetimes:
    """How long a sign-in lasts here."""
    here: Services = request.app.state.services
    return here.settings_as(WebSettings).lifetimes


async def present(request: Request) -> SignedIn | None:
    """Whose session the request's cookie names; none without one that is alive.

    It is looked up once a request, on a connection of its own. Raises `UnknownHost`: nothing with
    a cookie is done for another host than the app's.
    """
    token = cookies.read(request.scope, cookies.SESSION)
    if token is None:
        return None
    if not hasattr(request.state, "signed_in"):
        request.state.signed_in = await _find(request, token)
        if request.state.signed_in is not None:
            logs.bind(who=request.state.signed_in.person_public_id)
    found: SignedIn | None = request.state.signed_in
    return found


def forget(request: Request) -> None:
    """What this request does ends its session: from here on nobody is signed in with it."""
    request.state.signed_in = None


async def signed_in(request: Request) -> SignedIn:
    """Who is signed in, and note that they were here. Raises `NotSignedIn`."""
    found = await quietly_signed_in(request)
    if found.stale and not hasattr(request.state, "session_noted"):
        # Once, and before the route writes: SQLite has one writer.
        request.state.session_noted = True
        here: Services = request.app.state.services
        async with here.database.unit_of_work() as session:
            await sessions.touch(session, found, here.clock.now())
    return found


async def quietly_signed_in(request: Request) -> SignedIn:
    """The same without noting it: for what a page asks by itself, with nobody there."""
    found = await present(request)
    if found is None:
        raise NotSignedIn("sign in, then send this again")
    return found


for _each in (signed_in, quietly_signed_in):
    _each.__dict__["signed_in"] = True

SignedInOf = Annotated[SignedIn, Depends(signed_in)]
"""A route's person; it needs no permission, and no organisation."""


async def _find(request: Request, token: str) -> SignedIn | None:
    here: Services = request.app.state.services
    name: str = request.app.state.name
    addresses(request.scope, here.settings, name)
    async with here.database.read() as session:
        return await sessions.find(
            session, token, name, here.clock.now(), lifetimes=lifetimes(request)
        )

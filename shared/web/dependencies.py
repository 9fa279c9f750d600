"""What routes ask for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import keys
from shared.auth.audit import Origin
from shared.auth.permissions import PERMISSIONS
from shared.auth.principal import NotFresh, Principal, is_fresh
from shared.clock import Clock
from shared.db import AsyncReadSession
from shared.errors import Forbidden, Unauthenticated
from shared.telemetry import logs
from shared.web import access, idempotency
from shared.web.cursors import Cursors
from shared.web.problems import request_id
from shared.web.services import AfterCommit, Services
from shared.web.transaction import SAFE, write_session

_bearer = HTTPBearer(auto_error=False, description="an API key, `fk_…`")


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def _clock(request: Request) -> Clock:
    return services(request).clock


def _cursors(request: Request) -> Cursors:
    return Cursors(services(request).settings.secret.get_secret_value())


async def _read_session(request: Request) -> AsyncIterator[AsyncReadSession]:
    async with services(request).database.read() as session:
        yield session


async def _principal(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Who asks: the key's, else the session's. A key that is wrong never falls back to a session.

    Uses a connection of its own, given back before the route begins.
    """
    if credentials is not None:
        return await _key(request, credentials.credentials)
    if "authorization" in request.headers or await access.present(request) is None:
        raise Unauthenticated("send an API key: Authorization: Bearer fk_…")
    principal = (await access.signed_in(request)).principal
    if principal is None:
        raise Forbidden("you belong to no organisation here; ask for an invitation")
    return principal


async def _key(request: Request, key: str) -> Principal:
    here = services(request)
    now = here.clock.now()
    async with here.database.read() as session:
        principal, stale = await keys.authenticate(session, key, now)
    logs.bind(who=principal.actor)
    if stale:
        async with here.database.unit_of_work() as writing:
            await keys.note_use(writing, principal, now)
    return principal


@cache
def allow(scope: str) -> Callable[..., Awaitable[Principal]]:
    """A dependency: the caller, if its key has `scope`, or the role of whoever signed in has it.

    For an unsafe method it also claims the request's Idempotency-Key: once a request, because
    the same scope is the same dependency.
    """
    if scope not in PERMISSIONS:
        raise ValueError(f"{scope} is not in the table of permissions")

    async def allowed(
        request: Request, principal: Annotated[Principal, Depends(_principal)]
    ) -> Principal:
        if scope not in principal.permissions:
            raise Forbidden(_missing(scope, principal))
        if request.method not in SAFE:
            await idempotency.claim(request, principal)
        return principal

    allowed.__dict__["scope"] = scope
    return allowed


def _missing(scope: str, principal: Principal) -> str:
    if principal.person_id is None:
        return f"this needs a key with the scope {scope}"
    return f"your role has no permission to {PERMISSIONS[scope].sentence} ({scope})"


@cache
def fresh() -> Callable[[Request], Awaitable[None]]:
    """A dependency for money, keys, roles and deletion: raises `NotFresh` for a person who showed
    no factor lately. A key shows itself with each request.

    The session's cookie alone counts, whatever else is sent along: with a key there is none left
    (shared.web.csrf).
    """

    async def shown_lately(request: Request) -> None:
        found = await access.present(request)
        if found is None:
            return
        now = services(request).clock.now()
        if not is_fresh(found.fresh_at, now, access.lifetimes(request).fresh):
            raise NotFresh("confirm that it is you, then do this again")

    shown_lately.__dict__["fresh"] = True
    return shown_lately


def origin(request: Request, principal: Principal) -> Origin:
    """Where a change comes from, for the audit."""
    address = request.client.host if request.client else None
    return Origin(principal.org_id, principal.actor, request_id(request), address)


def after_commit(request: Request, call: AfterCommit) -> None:
    """Call this once the request's transaction is committed, before the answer goes out."""
    request.state.after_commit.append(call)


ServicesOf = Annotated[Services, Depends(services)]
ClockOf = Annotated[Clock, Depends(_clock)]
CursorsOf = Annotated[Cursors, Depends(_cursors)]
ReadSession = Annotated[AsyncReadSession, Depends(_read_session)]
WriteSession = Annotated[AsyncSession, Depends(write_session)]

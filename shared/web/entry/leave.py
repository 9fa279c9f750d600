"""Signing out, of all apps at once; and how an open page notices."""

import logging

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from shared.auth import audit, sessions
from shared.auth.audit import Origin
from shared.models import Membership
from shared.web import cookies
from shared.web.access import present, public, quietly_signed_in
from shared.web.dependencies import WriteSession
from shared.web.entry.arrive import Return
from shared.web.entry.detours import SIGN_IN, to
from shared.web.pages.render import pages, show
from shared.web.problems import request_id
from shared.web.returns import return_path
from shared.web.services import Services
from shared.web.transaction import TransactionalRoute

SIGNED_OUT = "/signed-out"

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)
log = logging.getLogger(__name__)


@router.post(
    "/sign-out", dependencies=[Depends(public("who is signed out already hears just that"))]
)
async def sign_out(request: Request, session: WriteSession) -> Response:
    """The sessions of all apps that share this sign-in are over."""
    response = RedirectResponse(SIGNED_OUT, 303)
    cookies.drop(response, cookies.SESSION)
    who = await present(request)
    if who is None:
        return response
    here: Services = request.app.state.services
    now = here.clock.now()
    await sessions.end(session, who.sign_in_id, now)
    mine = select(Membership.org_id)  # unscoped: a person's organisations are over all of them
    for org_id in await session.scalars(mine.where(Membership.person_id == who.person_id)):
        origin = Origin(org_id, who.person_public_id, request_id(request), _address(request))
        audit.record(session, origin, "sign_in.end", who.sign_in_public_id, at=now)
    log.info("%s signed out", who.person_public_id)
    return response


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


@router.get(SIGNED_OUT, dependencies=[Depends(public("who signed out reads it"))])
async def signed_out(request: Request, then: Return = None) -> Response:
    """Where an open page goes when its session ends."""
    then = return_path(then)
    if await present(request):
        return RedirectResponse(then, 303)
    return show(
        request,
        pages(),
        "message.html",
        title="You are signed out",
        text="You are signed out of all apps, here and in other windows of this browser.",
        links=[(to(SIGN_IN, then), "Sign in again")],
    )


@router.get("/session", dependencies=[Depends(quietly_signed_in)])
async def session_is_alive() -> Response:
    """204 while the session is alive, else 401. Asking does not prolong it."""
    return Response(status_code=204)

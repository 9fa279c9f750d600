"""`/account`: who one is, and where one is signed in."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from apps.administration.entry import told
from apps.administration.entry.rules import browser_name
from apps.administration.entry.told import Whose
from apps.administration.navigation import ACCOUNT
from apps.administration.templating import DeskOf, done
from shared.auth import sessions
from shared.errors import NotFound
from shared.web.access import lifetimes
from shared.web.dependencies import ClockOf, ReadSession, WriteSession, fresh
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False, prefix="/account")

# Whoever finds a screen that was left open shall not throw its owner out everywhere else.
FRESH = [Depends(fresh())]


class NoSuchSignIn(NotFound):
    code = "no_such_sign_in"
    title = "You are not signed in there any more"


@router.get("")
async def account(request: Request, session: ReadSession, desk: DeskOf, clock: ClockOf) -> Response:
    rows = await sessions.of_person(
        session, desk.who.person_id, clock.now(), lifetimes=lifetimes(request)
    )
    return await desk.show(
        "account.html",
        title="Your account",
        sign_ins=[(row, browser_name(row.agent)) for row in rows],
        sections=ACCOUNT,
    )


@router.post("/sign-ins/{sign_in}/end", dependencies=FRESH)
async def end_one(
    request: Request, sign_in: str, session: WriteSession, desk: DeskOf, clock: ClockOf
) -> Response:
    """Sign out elsewhere: of all apps, in that browser."""
    who = desk.who
    if not await sessions.end_one(session, who.person_id, sign_in, clock.now()):
        raise NoSuchSignIn("look at the list again: it may have ended meanwhile")
    whose = Whose(who.person_id, who.person_public_id)
    await told.record(request, session, whose, "sign_in.end", sign_in)
    return done("/account")


@router.post("/sign-ins/end-others", dependencies=FRESH)
async def end_others(
    request: Request, session: WriteSession, desk: DeskOf, clock: ClockOf
) -> Response:
    """Sign out everywhere but here."""
    who = desk.who
    ended = await sessions.end_all(session, who.person_id, clock.now(), but=who.sign_in_id)
    whose = Whose(who.person_id, who.person_public_id)
    after = {"ended": ended}
    target = who.sign_in_public_id
    await told.record(request, session, whose, "sign_in.end_others", target, after=after)
    return done("/account")

"""What the script in the page calls: passkeys are made and shown by scripts alone."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from apps.administration.entry.complete import complete, confirmed
from apps.administration.factors import ceremonies, passkeys, repository
from apps.administration.factors.schemas import Assertion, Next, Registration
from apps.administration.factors.told import DoingOf
from shared.web.access import SignedInOf, public
from shared.web.dependencies import ClockOf, WriteSession, fresh
from shared.web.returns import return_path
from shared.web.transaction import TransactionalRoute

METHOD = "passkey"
FACTORS = "/account/factors"
FRESH = [Depends(fresh())]
PUBLIC = [Depends(public("whoever signs in is not signed in yet"))]

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)


@router.post(f"{FACTORS}/passkeys/options", dependencies=FRESH)
async def creation_options(doing: DoingOf) -> dict[str, Any]:
    return await passkeys.creation_options(doing)


@router.post(f"{FACTORS}/passkeys", dependencies=FRESH)
async def add(answer: Registration, doing: DoingOf) -> Next:
    await passkeys.add(doing, answer)
    return Next(to=FACTORS)


@router.post("/sign-in/passkey/options", dependencies=PUBLIC)
async def sign_in_options(request: Request, clock: ClockOf) -> dict[str, Any]:
    """It names no credentials: nobody says who they are first, so nobody is told who has which."""
    ceremony = passkeys.signing_in(request, clock.now())
    return ceremonies.request_options(ceremony.party, ceremony.issue())


@router.post("/sign-in/passkey", dependencies=PUBLIC)
async def sign_in(
    request: Request, answer: Assertion, session: WriteSession, clock: ClockOf
) -> Response:
    ceremony = passkeys.signing_in(request, clock.now())
    person = await passkeys.person_of(session, ceremony, answer)
    then = return_path(answer.then)
    done = await complete(request, session, person.id, METHOD, then=then)
    return _as_json(done)


@router.post("/confirm/passkey/options")
async def confirm_options(
    request: Request, session: WriteSession, who: SignedInOf, clock: ClockOf
) -> dict[str, Any]:
    ceremony = passkeys.confirming(request, who, clock.now())
    own = await repository.passkeys(session, who.person_id)
    known = [(each.credential_id, each.transports) for each in own]
    return ceremonies.request_options(ceremony.party, ceremony.issue(), known)


@router.post("/confirm/passkey")
async def confirm(
    request: Request, answer: Assertion, session: WriteSession, who: SignedInOf, clock: ClockOf
) -> Response:
    now = clock.now()
    await passkeys.confirm(session, who, passkeys.confirming(request, who, now), answer)
    response = JSONResponse(Next(to=return_path(answer.then)).model_dump())
    await confirmed(request, session, who, METHOD, response)
    return response


def _as_json(redirect: Response) -> Response:
    """A redirect as a script can follow it: where to, and the cookies."""
    made = JSONResponse(Next(to=redirect.headers["location"]).model_dump())
    made.raw_headers += [item for item in redirect.raw_headers if item[0] == b"set-cookie"]
    return made

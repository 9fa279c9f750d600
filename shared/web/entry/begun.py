"""Sign-ins that a browser began in an app and has not come back from, in a signed cookie.

Several tabs may be under way at once. What comes back is looked up by its state, and only once.
"""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from fastapi import Request
from starlette.responses import Response

from shared.auth import codes
from shared.web import cookies
from shared.web.cookies import Signed
from shared.web.returns import return_path
from shared.web.services import Services

# As long as somebody may take to find a password, an app with codes, a mail.
LASTS = timedelta(minutes=30)
_ROOM = 2_400


class Begun(NamedTuple):
    """The verifier that the app keeps to itself, and where the browser wanted to go."""

    verifier: str
    then: str


def add(request: Request, response: Response, then: str) -> tuple[str, str]:
    """Remember one more with this `response`; its state and its challenge."""
    state, verifier = secrets.token_urlsafe(16), codes.new_verifier()
    newest = {state: f"{verifier} {return_path(then)}"}
    _put(request, response, {**_read(request), **newest})
    return state, codes.challenge_of(verifier)


def take(request: Request, response: Response, state: str) -> None:
    """Forget the one of `state` with this `response`."""
    _put(request, response, {key: one for key, one in _read(request).items() if key != state})


def find(request: Request, state: str) -> Begun | None:
    """The one of `state`; none where this browser did not begin it here, or is late."""
    value = _read(request).get(state)
    if value is None:
        return None
    verifier, _, then = value.partition(" ")
    return Begun(verifier, return_path(then))


def _read(request: Request) -> dict[str, str]:
    given = cookies.read(request.scope, cookies.SIGN_IN)
    return _signed(request).read(given, now=_now(request)) or {}


def _put(request: Request, response: Response, begun: dict[str, str]) -> None:
    if not begun:
        cookies.drop(response, cookies.SIGN_IN)
        return
    # The newest are last. A cookie has room for few; whoever opens more tabs begins again there.
    while len(begun) > 1 and sum(len(key) + len(one) for key, one in begun.items()) > _ROOM:
        del begun[next(iter(begun))]
    until = _now(request) + LASTS
    cookies.put(response, cookies.SIGN_IN, _signed(request).sign(begun, until=until), LASTS)


def _signed(request: Request) -> Signed:
    here: Services = request.app.state.services
    return Signed(here.settings.secret.get_secret_value(), f"sign-in {request.app.state.name}")


def _now(request: Request) -> datetime:
    here: Services = request.app.state.services
    return here.clock.now()

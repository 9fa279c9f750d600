"""A first factor that was shown and waits for its second, kept by the browser, signed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from starlette.responses import Response

from shared.web import cookies
from shared.web.cookies import Signed
from shared.web.returns import return_path
from shared.web.services import Services

LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pending:
    """Who showed `method`, when, and where they go once they showed another."""

    person_id: int
    method: str
    then: str
    at: datetime


def hold(request: Request, response: Response, person_id: int, method: str, then: str) -> None:
    """Let the browser keep it with this `response`."""
    now = _services(request).clock.now()
    values = {
        "person": str(person_id),
        "method": method,
        "then": return_path(then),
        "at": now.isoformat(),
    }
    signed = _signed(request).sign(values, until=now + LASTS)
    cookies.put(response, cookies.SIGN_IN, signed, LASTS)


def held(request: Request) -> Pending | None:
    """What waits; none where there is nothing, it was changed, or took too long."""
    given = cookies.read(request.scope, cookies.SIGN_IN)
    values = _signed(request).read(given, now=_services(request).clock.now())
    if values is None:
        return None
    at = datetime.fromisoformat(values["at"])
    return Pending(int(values["person"]), values["method"], return_path(values["then"]), at)


def _signed(request: Request) -> Signed:
    return Signed(_services(request).settings.secret.get_secret_value(), "second factor")


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found

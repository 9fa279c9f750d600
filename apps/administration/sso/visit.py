"""A browser on its way to a provider or back, and what is kept in it meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from apps.administration.sso.errors import StartAgain
from apps.administration.sso.rules import Client, Way
from apps.administration.sso.service import Place
from apps.administration.sso.state import SingleSignOn
from shared.models import SsoConnection
from shared.web import cookies
from shared.web.problems import request_id
from shared.web.returns import Addresses, addresses, return_path
from shared.web.services import Services

APP = "administration"
BACK = "/sign-in/sso/done"
# From being sent to the provider to coming back.
LASTS = timedelta(minutes=15)
# A longer place to go on to does not go along: proxies have 4 KB for all headers of an answer.
LONGEST_THEN = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What the browser keeps, signed, until it comes back."""

    way: Way
    connection: str
    issuer: str
    then: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of these pages, and what it works with."""

    request: Request
    services: Services
    sso: SingleSignOn
    now: datetime

    @property
    def addresses(self) -> Addresses:
        """Raises `UnknownHost`."""
        return addresses(self.request.scope, self.services.settings, APP)

    @property
    def address(self) -> str | None:
        """Where the request comes from."""
        return self.request.client.host if self.request.client else None

    @property
    def place(self) -> Place:
        return Place(request_id(self.request), self.address)

    def client(self, connection: SsoConnection) -> Client:
        """What the provider knows us by."""
        secret = self.sso.secret(connection)
        return Client(connection.client_id, secret, redirect_of(self.addresses))

    def keep(self, response: Response, connection: SsoConnection, way: Way, then: str) -> None:
        """Let the browser keep it with this `response`."""
        values = {
            "state": way.state,
            "nonce": way.nonce,
            "verifier": way.verifier,
            "connection": connection.public_id,
            "issuer": connection.issuer,
            "then": then if len(then) <= LONGEST_THEN else return_path(None),
        }
        signed = self.sso.signed.sign(values, until=self.now + LASTS)
        cookies.put(response, cookies.SIGN_IN, signed, LASTS)

    def kept(self) -> Kept | None:
        """What the browser kept; none where there is nothing, it was changed, or took too long."""
        given = cookies.read(self.request.scope, cookies.SIGN_IN)
        values = self.sso.signed.read(given, now=self.now)
        if values is None:
            return None
        way = Way(values["state"], values["nonce"], values["verifier"])
        return Kept(way, values["connection"], values["issuer"], return_path(values["then"]))

    def said(self, name: str) -> str | None:
        """A parameter of the way back. Raises `StartAgain` where it is there twice."""
        given = self.request.query_params.getlist(name)
        if len(given) > 1:
            raise StartAgain("the way back was not clear")
        return given[0] if given else None


def redirect_of(known: Addresses) -> str:
    """The one address that providers send people back to."""
    return known.origin(APP) + BACK


def _visit(request: Request) -> Visit:
    services: Services = request.app.state.services
    return Visit(request, services, request.app.state.sso, services.clock.now())


VisitOf = Annotated[Visit, Depends(_visit)]

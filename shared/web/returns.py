"""Where a browser may be sent: paths of this app, and exact addresses of the six apps."""

import re
from dataclasses import dataclass

from starlette.types import Scope

from shared.errors import DomainError
from shared.settings import Environment, Settings

APPS = ("api", "reporting", "administration", "billing", "loyalty", "dashboarding")
SIGNED_IN_PATH = "/sign-in/done"
LONGEST_PATH = 2_000
HOME = "/"

# What a path with a query may be made of, without `\`, `#`, spaces and anything beyond ASCII:
# browsers rewrite some of these, so that what was checked is not what is followed.
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*)?")
# Parts that browsers take away, also in their encoded form.
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_HOST = re.compile(r"([a-z0-9.-]+?)\.?(?::([0-9]{1,5}))?")


class UnknownHost(DomainError):
    """The request names another host than this app's: nothing with a cookie is done for it."""

    code = "unknown_host"
    status = 421
    title = "This is not the address of this app"


def is_return_path(given: str) -> bool:
    """Whether a browser that is sent to `given` stays on the host that it is on."""
    if len(given) > LONGEST_PATH or _PATH.fullmatch(given) is None:
        return False
    parts = given.partition("?")[0].split("/")[1:]
    empty_inside = "" in parts[:-1]
    return not empty_inside and not any(_DOTS.fullmatch(part) for part in parts)


def return_path(given: str | None) -> str:
    """`given` where it is a path of this app, else the app's first page."""
    return given if given is not None and is_return_path(given) else HOME


@dataclass(frozen=True, slots=True)
class Addresses:
    """How browsers reach the six apps. `port` is None where the scheme's own is used."""

    scheme: str
    domain: str
    port: int | None = None

    def origin(self, app: str) -> str:
        """`https://billing.example.com`: as browsers write it in Origin, without a slash."""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{app}.{self.domain}{port}"

    def signed_in(self, app: str) -> str:
        """The one address of `app` that a sign-in comes back to. Raises `ValueError`."""
        if app not in APPS:
            raise ValueError(f"{app} is none of {', '.join(APPS)}")
        return self.origin(app) + SIGNED_IN_PATH

    def link(self, app: str, path: str) -> str:
        """The address of a page of `app`, as for a link in a mail. Raises `ValueError`."""
        if not is_return_path(path):
            raise ValueError("not a path of an app")
        return self.origin(app) + path


def addresses(scope: Scope, settings: Settings, app: str) -> Addresses:
    """The addresses that go with the request to `app`.

    Outside development they are fixed: https and FORTRESS_DOMAIN. In development scheme and port
    are those that the request was made to; trusted proxies say the scheme. Raises `UnknownHost`.
    """
    name, port = _host(scope)
    expected = f"{app}.{settings.domain}".lower()
    development = settings.environment is Environment.development
    if name != expected or (port is not None and not development):
        raise UnknownHost(f"this app answers at {expected}")
    if not development:
        return Addresses("https", settings.domain)
    scheme = "https" if scope.get("scheme") == "https" else "http"
    usual = 443 if scheme == "https" else 80
    return Addresses(scheme, settings.domain, None if port == usual else port)


def _host(scope: Scope) -> tuple[str, int | None]:
    """The host that was asked for and its port; an empty name where it is missing or unclear."""
    given = [value for name, value in scope["headers"] if name == b"host"]
    match = _HOST.fullmatch(given[0].decode("latin-1").lower()) if len(given) == 1 else None
    if match is None:
        return "", None
    return match[1], int(match[2]) if match[2] else None

"""The one table of what is reached from outside: `routes.json`.

The load balancers' rules on AWS and nginx's configuration for compose are both made from it.
What is not in it is not reachable.
"""

import re
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("routes.json")
# A name that may stand in a host name, in nginx's configuration and in a resource's id.
LABEL = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")


class WebRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An app that answers HTTP at its own subdomain."""

    app: str
    subdomain: str


class DeviceRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TCP port of `app` that devices connect to."""

    app: str
    name: str
    port: int


class Routes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`web_port`: where every HTTP app listens; `internal_port`: of metrics and probes, routed
    nowhere; `health`: the path that a balancer asks an app; `idle_s`: seconds of silence after
    which a balancer closes an HTTP connection.
    """

    web_port: int
    internal_port: int
    health: str
    idle_s: int
    web: tuple[WebRoute, ...]
    devices: tuple[DeviceRoute, ...]

    def host(self, route: WebRoute, domain: str) -> str:
        """The exact Host that reaches the app."""
        return f"{route.subdomain}.{domain}"


def load(file: Path = FILE) -> Routes:
    """The table. Raises `ValueError` that says what is wrong with it."""
    try:
        routes = msgspec.json.decode(file.read_bytes(), type=Routes)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file.name}: {error}") from None
    _check(routes, file.name)
    return routes


def _check(routes: Routes, name: str) -> None:
    labels = [label for route in routes.web for label in (route.app, route.subdomain)]
    labels += [label for route in routes.devices for label in (route.app, route.name)]
    for label in labels:
        if not LABEL.fullmatch(label):
            raise ValueError(f"{name}: {label!r} is not a name of letters, digits and dashes")
    subdomains = [route.subdomain for route in routes.web]
    if len(set(subdomains)) < len(subdomains):
        raise ValueError(f"{name}: a subdomain stands twice")
    ports = [routes.web_port, routes.internal_port, *(route.port for route in routes.devices)]
    if len(set(ports)) < len(ports) or not all(0 < port < 65_536 for port in ports):
        raise ValueError(f"{name}: ports are different numbers from 1 to 65535")
    if not re.fullmatch(r"/[a-z/]*", routes.health):
        raise ValueError(f"{name}: health is no path")

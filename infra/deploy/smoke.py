"""Whether what was deployed answers: each host through its balancer, the device port, a reading.

Stops at nothing: every check is made, each says what it saw.
"""

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from infra.routes import Routes
from shared.telemetry.clean import clean

TIMEOUT_S = 5.0
LONGEST_LINE = 4096


@dataclass(frozen=True)
class Target:
    """Where requests go. `web` and `devices` are host and port; Host and TLS name are the app's.

    `verify`: check the certificate; without `tls` there is none.
    """

    domain: str
    web: tuple[str, int]
    devices: tuple[str, int]
    tls: bool = True
    verify: bool = True


@dataclass(frozen=True)
class Device:
    """A registered device that may send a reading."""

    uid: str
    token: str


@dataclass(frozen=True)
class Seen:
    """One check. `fault` is empty when it went well."""

    what: str
    fault: str
    seconds: float

    def __str__(self) -> str:
        mark = "FAILED" if self.fault else "ok"
        return f"{mark:8}{self.what:48}{self.seconds:6.2f} s  {self.fault}".rstrip()


def check(target: Target, routes: Routes, device: Device | None) -> Iterator[Seen]:
    """Make every check in turn."""
    for route in routes.web:
        host = routes.host(route, target.domain)
        yield _timed(f"{host}{routes.health}", partial(ready, target, host, routes.health))
    yield _timed("a host that is none", partial(unknown_host, target, routes.health))
    line = "{}:{}".format(*target.devices)
    if device is None:
        yield _timed(f"device port {line}", partial(greeting, target))
    else:
        yield _timed(f"a reading acknowledged at {line}", partial(reading, target, device))


def insist(
    target: Target,
    routes: Routes,
    device: Device | None,
    *,
    tries: int,
    pause_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Seen]:
    """The checks of the last try: those of the first in which all went well, at most `tries`."""
    seen: list[Seen] = []
    for number in range(tries):
        if number:
            sleep(pause_s)
        seen = list(check(target, routes, device))
        if not any(one.fault for one in seen):
            break
    return seen


def ready(target: Target, host: str, path: str) -> str:
    """What is wrong with GET https://host/path; nothing when it answers 200."""
    status = _status(target, host, path)
    return "" if status == 200 else f"answered {status} instead of 200"


def unknown_host(target: Target, path: str) -> str:
    """A host that is not in the table must reach no app."""
    status = _status(target, f"nothing-here.{target.domain}", path)
    return "" if status == 404 else f"answered {status} instead of 404: an app takes any host"


def _status(target: Target, host: str, path: str) -> int:
    connection = _connection(target, host)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(target: Target, host: str) -> HTTPConnection:
    """A connection to the balancer that speaks of `host`, whatever names resolve to."""
    if not target.tls:
        return HTTPConnection(*target.web, timeout=TIMEOUT_S)
    context = ssl.create_default_context()
    if not target.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    connection = HTTPSConnection(host, target.web[1], timeout=TIMEOUT_S, context=context)
    plain = socket.create_connection(target.web, TIMEOUT_S)
    connection.sock = context.wrap_socket(plain, server_hostname=host)
    return connection


def greeting(target: Target) -> str:
    """A hello of a device that is none has to be refused: that is an answer of ingest itself."""
    said = _talk(target, [{"hello": 1, "device": "smoke", "token": "dt_none", "boot": 1}])
    return "" if "error" in said[0] else f"took a device that is none: {clean(str(said[0]))}"


def reading(target: Target, device: Device) -> str:
    """A reading has to be acknowledged: it is committed then."""
    hello = {"hello": 1, "device": device.uid, "token": device.token, "boot": int(time.time())}
    said = _talk(target, [hello, {"s": 1, "v": {"smoke": 1}}])
    if "ok" not in said[0]:
        return f"refused the device: {clean(str(said[0]))}"
    return "" if said[1] == {"a": 1} else f"did not acknowledge: {clean(str(said[1]))}"


def _talk(target: Target, lines: list[dict[str, object]]) -> list[dict[str, object]]:
    """Send lines one after the other, each after the answer to the one before."""
    answers = []
    with socket.create_connection(target.devices, TIMEOUT_S) as peer, peer.makefile("rb") as file:
        for line in lines:
            peer.sendall(json.dumps(line).encode() + b"\n")
            answer = file.readline(LONGEST_LINE)
            if not answer:
                raise ConnectionError("closed without an answer")
            answers.append(json.loads(answer))
            if "error" in answers[-1]:
                break
    return answers


def _timed(what: str, look: Callable[[], str]) -> Seen:
    began = time.monotonic()
    try:
        fault = look()
    except (OSError, HTTPException, ValueError) as error:
        fault = clean(f"{type(error).__name__}: {error}")
    return Seen(what, fault, time.monotonic() - began)

"""One server, an app a host name: what the load balancer's host rules do on AWS."""

import json
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

ALIVE = b'{"status":"ok"}'


class Hosts:
    """ASGI. `apps`: host name, in lower case and without a port, → app.

    An unknown host gets a fixed 404 and reaches no app, except for `/healthz`, which a load
    balancer asks without knowing names. Lifespans are the caller's business.
    """

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._apps = dict(apps)
        self._unknown = _unknown(sorted(self._apps))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            raise ValueError(f"{scope['type']} is not served by host")
        app = self._apps.get(_host(scope))
        if app is not None:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"] == "/healthz":
            await _answer(send, scope, 200, b"application/json", ALIVE)
        else:
            await _answer(send, scope, 404, b"application/problem+json", self._unknown)


def _unknown(names: list[str]) -> bytes:
    """A problem document that says which names there are."""
    detail = f"no app has this host name; there are {', '.join(names)}"
    problem = {"type": "about:blank", "title": "There is no such thing here", "status": 404}
    return json.dumps({**problem, "code": "no_such_host", "detail": detail}).encode()


def _host(scope: Scope) -> str:
    """The host that was asked for; empty when it is missing or named twice."""
    given = [value for name, value in scope["headers"] if name == b"host"]
    if len(given) != 1:
        return ""
    name: str = given[0].decode("latin-1").lower()
    host, colon, port = name.rpartition(":")
    return (host if colon and port.isdecimal() else name).removesuffix(".")


async def _answer(send: Send, scope: Scope, status: int, kind: bytes, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-type", kind), (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent})

"""The outermost layer of every app: request ids, bounds on size and time, log, metrics."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import BadRequest, DomainError, RequestTimeout, TooLarge
from shared.ids import new_id
from shared.telemetry.clean import clean
from shared.web import metrics
from shared.web.problems import MEDIA_TYPE

BODY_BYTES = 1024 * 1024
# Bulk routes take more: imports and batches of readings.
BULK_BYTES = 32 * 1024 * 1024
BODY_S = 30.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("fortress.access")


class Limits:
    """ASGI middleware. `bulk`: path prefixes whose bodies may be `BULK_BYTES` long.

    A body over its bound is answered 413, one that does not arrive within `body_s` 408; an
    unexpected failure is logged with the request's id and answered 500.
    """

    def __init__(
        self, app: ASGIApp, *, name: str, bulk: tuple[str, ...] = (), body_s: float = BODY_S
    ) -> None:
        self._app = app
        self._name = name
        self._bulk = bulk
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["fortress.request_id"] = _request_id(scope)
        exchange = _Exchange(scope, send)
        bound = BULK_BYTES if scope["path"].startswith(self._bulk or ("\0",)) else BODY_BYTES
        started = time.perf_counter()
        try:
            await self._run(scope, _bounded(scope, receive, bound, self._body_s), exchange.send)
        except DomainError as error:
            await exchange.fail(error.status, error.code, error.title, error.detail)
        except Exception:
            log.exception("request %s failed", scope["fortress.request_id"])
            await exchange.fail(500, "internal", "Something went wrong here", "It was logged.")
            if exchange.status != 500:
                raise
        finally:
            self._note(scope, exchange.status, time.perf_counter() - started)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _declared_length(scope) is None and _has_bad_length(scope):
            raise BadRequest("the Content-Length is not a number")
        await self._app(scope, receive, send)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        metrics.REQUESTS.labels(self._name, scope["method"], route, str(status)).inc()
        metrics.SECONDS.labels(self._name, scope["method"], route).observe(seconds)
        fields = {
            "request_id": scope["fortress.request_id"],
            "method": scope["method"],
            "path": clean(scope["path"]),
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        log.info("%s %s %s", scope["method"], fields["path"], status, extra={"fields": fields})


class _Exchange:
    """The answer's side of one request."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            request_id = self._scope["fortress.request_id"].encode()
            headers = [(b"x-request-id", request_id), (b"x-content-type-options", b"nosniff")]
            message["headers"] = [*message.get("headers", []), *headers]
        await self._send(message)

    async def fail(self, status: int, code: str, title: str, detail: str) -> None:
        if self.status:
            return  # the answer has begun; all that is left is to break it off
        body = json.dumps(
            {
                "type": "about:blank",
                "title": title,
                "status": status,
                "code": code,
                "detail": detail,
                "request_id": self._scope["fortress.request_id"],
            }
        ).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _bounded(
    scope: Scope, receive: Receive, bound: int, body_s: float
) -> Callable[[], Awaitable[Message]]:
    taken = 0
    more = True
    deadline = time.monotonic() + body_s

    async def bounded() -> Message:
        nonlocal taken, more
        if not more:
            return await receive()
        if (_declared_length(scope) or 0) > bound:
            raise TooLarge(f"the body is larger than {bound} bytes")
        try:
            message = await asyncio.wait_for(receive(), deadline - time.monotonic())
        except TimeoutError:
            raise RequestTimeout(f"the body did not arrive within {body_s:g} s") from None
        taken += len(message.get("body", b""))
        more = message.get("more_body", False)
        if taken > bound:
            raise TooLarge(f"the body is larger than {bound} bytes")
        return message

    return bounded


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


def _declared_length(scope: Scope) -> int | None:
    value = _header(scope, b"content-length")
    return int(value) if value is not None and value.isdigit() else None


def _has_bad_length(scope: Scope) -> bool:
    value = _header(scope, b"content-length")
    return value is not None and not value.isdigit()


def _request_id(scope: Scope) -> str:
    given = (_header(scope, b"x-request-id") or b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else new_id("req")

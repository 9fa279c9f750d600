"""The outermost layer of every app: request ids, bounds on size and time, log, metrics."""

import asyncio
import logging
import re
import time
from collections.abc import Sequence

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import BadRequest, DomainError, TooLarge, TooSlow
from shared.ids import new_id
from shared.telemetry import logs
from shared.telemetry.clean import clean
from shared.web import metrics, problems
from shared.web.exchange import Answer, Body
from shared.web.headers import Headers

BODY_BYTES = 1024 * 1024
# Bulk routes take more: imports and batches of readings.
BULK_BYTES = 32 * 1024 * 1024
BODY_S = 30.0
# From the whole request to the beginning of its answer. Streams may then go on.
HANDLER_S = 30.0
URL_BYTES = 8 * 1024
HEADER_BYTES = 32 * 1024
HEADERS = 100
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("fortress.access")


class UrlTooLong(DomainError):
    code = "url_too_long"
    status = 414
    title = "The address is too long"


class HeadersTooLarge(DomainError):
    code = "headers_too_large"
    status = 431
    title = "The headers are too large"


class Limits:
    """ASGI middleware. `bulk`: path prefixes whose bodies may be `BULK_BYTES` long; `headers`: what
    every answer has that does not set it by itself.

    A body over its bound is answered 413, one that does not arrive within `body_s` 408; an answer
    that has not begun `handler_s` after the request was whole is 504 and its work is cancelled;
    an unexpected failure is logged with the request's id and answered 500. HEAD is GET without
    the body.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        name: str,
        bulk: tuple[str, ...] = (),
        headers: Headers = (),
        body_s: float = BODY_S,
        handler_s: float = HANDLER_S,
    ) -> None:
        self._app = app
        self._name = name
        self._bulk = bulk
        self._headers = headers
        self._body_s = body_s
        self._handler_s = handler_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["fortress.request_id"] = _request_id(scope)
        bound = {"request_id": scope["fortress.request_id"], "app": self._name}
        with logs.bound(**bound, address=_address(scope)):
            await self._exchange(scope, receive, send)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        deadline = asyncio.timeout(None)
        bound = BULK_BYTES if self._bulk and scope["path"].startswith(self._bulk) else BODY_BYTES
        body = Body(
            receive, bound=bound, seconds=self._body_s, whole=lambda: self._set(deadline, answer)
        )
        hold = lambda: body.refusal is not None  # noqa: E731 - it reads as what it is
        answer = Answer(scope, send, headers=self._headers, hold=hold)
        answer.began = lambda: deadline.reschedule(None)
        answer.cut = lambda: deadline.reschedule(0)
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            await self._run(inner, bound, body, answer, deadline)
        except ClientDisconnect:
            # Nobody hears it; it is the log and the metrics that this is said to.
            broken = BadRequest("the body broke off before its end")
            await answer.fail(problems.answer(broken, scope), scope, receive)
        except DomainError as error:
            await answer.fail(problems.answer(body.refusal or error, scope), scope, receive)
        except Exception:
            log.exception("request %s failed", scope["fortress.request_id"])
            await answer.fail(problems.internal(scope), scope, receive)
            if answer.status != 500:
                raise
        finally:
            self._note(inner, scope["method"], answer.status, time.perf_counter() - started)

    async def _run(
        self, scope: Scope, bound: int, body: Body, answer: Answer, deadline: asyncio.Timeout
    ) -> None:
        _check_head(scope, bound)
        try:
            async with deadline:
                if not _has_body(scope):
                    self._set(deadline, answer)
                await self._app(scope, body.receive, answer.send)
        except TimeoutError:
            if not deadline.expired():
                raise
            # What was cut off was not wanted; an answer that has begun has no deadline.
            if not answer.ended:
                raise TooSlow(f"no answer within {self._handler_s:g} s; ask for less") from None
        if body.refusal is not None:
            raise body.refusal

    def _set(self, deadline: asyncio.Timeout, answer: Answer) -> None:
        if not answer.status:
            deadline.reschedule(asyncio.get_running_loop().time() + self._handler_s)

    def _note(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        counted = method if method in METHODS else "other"
        metrics.REQUESTS.labels(self._name, counted, route, str(status)).inc()
        metrics.SECONDS.labels(self._name, counted, route).observe(seconds)
        fields = {
            "method": clean(method),
            "path": clean(scope["path"]),
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        log.info("%s %s %s", fields["method"], fields["path"], status, extra={"fields": fields})


def _check_head(scope: Scope, bound: int) -> None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > URL_BYTES:
        raise UrlTooLong(f"an address has at most {URL_BYTES} bytes")
    headers = scope["headers"]
    if len(headers) > HEADERS or sum(len(n) + len(v) for n, v in headers) > HEADER_BYTES:
        raise HeadersTooLarge(f"at most {HEADERS} headers with {HEADER_BYTES} bytes in all")
    length = _header(scope, b"content-length")
    if length is not None and not length.isdigit():
        raise BadRequest("the Content-Length is not a number")
    if length is not None and int(length) > bound:
        raise TooLarge(f"the body is larger than {bound} bytes")


def _has_body(scope: Scope) -> bool:
    chunked = _header(scope, b"transfer-encoding") is not None
    return chunked or (_header(scope, b"content-length") or b"0").strip(b"0") != b""


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


def _address(scope: Scope) -> str | None:
    """Where the caller is, as the server makes it out behind the proxies that it trusts."""
    client: Sequence[str] | None = scope.get("client")
    return client[0] if client else None


def _request_id(scope: Scope) -> str:
    given = (_header(scope, b"x-request-id") or b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else new_id("req")

"""Failures as RFC 9457 problem details, and as pages for who asks for HTML."""

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from shared.errors import DomainError, Invalid, Unavailable
from shared.telemetry import logs
from shared.telemetry.clean import clean
from shared.web.pages.errors import suited

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2

log = logging.getLogger(__name__)


class Problem(JSONResponse):
    """In ASCII, so that no text that a peer sent can fail to be sent back."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        self.content = content
        return json.dumps(content, default=str, separators=(",", ":")).encode()


def problem(
    status: int, code: str, title: str, detail: str, request_id: str | None, **extra: Any
) -> Problem:
    """A problem document. `code` is stable; `request_id` finds the log lines.

    The request's own line in the log has the code too: it tells a forged form from a missing right.
    """
    logs.bind(problem=code)
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    body |= {"detail": detail, "request_id": request_id, **extra}
    response = Problem(body, status)
    if status in (429, 503):
        response.headers["Retry-After"] = str(extra.get("retry_after", RETRY_AFTER_S))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def install(app: FastAPI) -> None:
    """Render every expected failure of `app`; what is not expected is logged by the middleware."""
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)


def of(error: DomainError, request_id: str | None) -> Problem:
    """The problem document of one expected failure."""
    return problem(error.status, error.code, error.title, error.detail, request_id, **error.extra)


def answer(error: DomainError, scope: Scope) -> Response:
    """The answer to one expected failure, for a program or for people."""
    return _suited(scope, of(error, scope.get("fortress.request_id")))


def internal(scope: Scope) -> Response:
    """The answer to a failure that nobody expected; what it was is only in the log."""
    title = "Something went wrong here"
    detail = "It was logged with the request's id."
    return _suited(scope, problem(500, "internal", title, detail, scope.get("fortress.request_id")))


def _suited(scope: Scope, made: Problem) -> Response:
    return suited(scope, made.content, made)


async def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return answer(error, request.scope)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    items = [_item(item) for item in error.errors()]
    first = items[0] if items else {"where": "", "message": "not acceptable"}
    unreadable = any(item["type"] == "json_invalid" for item in error.errors())
    made = problem(
        400 if unreadable else 422,
        "not_json" if unreadable else "invalid",
        "The body is not JSON" if unreadable else "A value is not acceptable",
        f"{first['where']}: {first['message']}" if first["where"] else first["message"],
        request_id(request),
        errors=items[:100],
    )
    return _suited(request.scope, made)


def _item(item: dict[str, Any]) -> dict[str, str]:
    where: Sequence[Any] = item.get("loc", ())
    message = clean(str(item.get("msg", "")).removeprefix("Value error, "))
    if item.get("type") == "extra_forbidden":
        message = "it is not known here"
    if item.get("type") == "json_invalid":
        message = f"{message}: {clean(str(item.get('ctx', {}).get('error', '')))}"
    return {"where": clean(".".join(str(part) for part in where)), "message": message}


async def _http(request: Request, error: Exception) -> Response:
    """What the framework refuses: no such route, no such method, a body it cannot read."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, DomainError):
        # The framework says 400 to whatever ends the reading of a body; we know why it ended.
        return answer(error.__cause__, request.scope)
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_").replace("-", "_")
    made = problem(error.status_code, code, title, clean(str(error.detail)), request_id(request))
    made.headers.update(error.headers or {})
    return _suited(request.scope, made)


async def _database(request: Request, error: Exception) -> Response:
    if isinstance(error, DataError):
        log.warning("the database refused a value: %s", clean(str(error.orig)))
        return answer(Invalid("a value is longer or larger than can be stored"), request.scope)
    gone = isinstance(error, PoolTimeout) or (
        isinstance(error, DBAPIError) and (error.connection_invalidated or _passing(error))
    )
    if not gone:
        raise error
    log.warning("the database is not reachable: %s", clean(str(error)))
    return answer(Unavailable("the database is not reachable; try again"), request.scope)


def _passing(error: DBAPIError) -> bool:
    """Whether trying again may help: gone, busy, read-only after a failover, deadlock."""
    number = error.orig.args[0] if error.orig is not None and error.orig.args else None
    locked = "database is locked" in str(error.orig)
    return locked or number in (1040, 1053, 1205, 1213, 1290, 1836, 2002, 2003, 2006, 2013)


def request_id(request: Request) -> str | None:
    value = request.scope.get("fortress.request_id")
    return value if isinstance(value, str) else None

"""One unsafe request, one transaction, committed before its answer goes out."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Invalid
from shared.telemetry.clean import clean
from shared.web import idempotency
from shared.web.services import Services
from shared.web.strict import StrictRequest

log = logging.getLogger(__name__)

SAFE = {"GET", "HEAD", "OPTIONS"}


class TransactionalRoute(APIRoute):
    """A route whose unsafe requests each run in one unit of work. Unknown parameters are refused.

    The session is in `request.state.session`; it takes a connection with its first statement.
    What is in `request.state.after_commit` is called after the commit, before the answer.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle_strictly = super().get_route_handler()
        known = _parameters(self.dependant)

        async def handle(request: Request) -> Response:
            _refuse_unknown(request, known)
            return await handle_strictly(StrictRequest(request.scope, request.receive))

        if self.methods and self.methods <= SAFE:
            return handle

        async def in_transaction(request: Request) -> Response:
            services: Services = request.app.state.services
            after: list[Callable[[], Awaitable[object]]] = []
            request.state.after_commit = after
            async with services.database.unit_of_work() as session:
                request.state.session = session
                response = await handle(request)
                await idempotency.remember(request, response)
            for call in after:
                await _call(call)
            return response

        return in_transaction


def _parameters(dependant: Dependant) -> frozenset[str]:
    """What the query may have, of the route and of what it depends on. A model that stands for
    the whole query counts by its fields.
    """
    names = {name for inner in dependant.dependencies for name in _parameters(inner)}
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields.items()
            names |= {field.alias or name for name, field in fields}
        else:
            names.add(parameter.alias)
    return frozenset(names)


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    """A filter that is misspelled must not give everything."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        message = f"it is not known here; known are {', '.join(sorted(known)) or 'none'}"
        errors = [{"where": clean(f"query.{name}"), "message": message} for name in unknown[:100]]
        raise Invalid(f"{errors[0]['where']}: {message}", errors=errors)


async def _call(call: Callable[[], Awaitable[object]]) -> None:
    """What was committed stays committed: a failure after it must not become the answer's."""
    try:
        await call()
    except Exception:
        log.exception("what follows a commit failed")


def write_session(request: Request) -> AsyncSession:
    """The session of the request's unit of work. Only for routes with an unsafe method."""
    session: AsyncSession = request.state.session
    return session

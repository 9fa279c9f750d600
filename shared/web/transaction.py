"""One unsafe request, one transaction, committed before its answer goes out."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from shared.web import idempotency
from shared.web.services import Services
from shared.web.strict import StrictRequest

log = logging.getLogger(__name__)

SAFE = {"GET", "HEAD", "OPTIONS"}


class TransactionalRoute(APIRoute):
    """A route whose unsafe requests each run in one unit of work.

    The session is in `request.state.session`; it takes a connection with its first statement.
    What is in `request.state.after_commit` is called after the commit, before the answer.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle_strictly = super().get_route_handler()

        async def handle(request: Request) -> Response:
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

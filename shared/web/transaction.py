"""One unsafe request, one transaction, committed before its answer goes out."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from shared.web import idempotency
from shared.web.services import Services

SAFE = {"GET", "HEAD", "OPTIONS"}


class TransactionalRoute(APIRoute):
    """A route whose unsafe requests each run in one unit of work.

    The session is in `request.state.session`; it takes a connection with its first statement.
    What is in `request.state.after_commit` is called after the commit, before the answer.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
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
                await call()
            return response

        return in_transaction


def write_session(request: Request) -> AsyncSession:
    """The session of the request's unit of work. Only for routes with an unsafe method."""
    session: AsyncSession = request.state.session
    return session

"""What the routes of signing in ask for."""

from typing import Annotated

from fastapi import Depends, Request

from apps.administration.entry.guard import Guard
from apps.administration.entry.service import Checks
from shared.web import cookies
from shared.web.dependencies import ServicesOf, WriteSession


def _guard(request: Request) -> Guard:
    found: Guard = request.app.state.guard
    return found


GuardOf = Annotated[Guard, Depends(_guard)]


def _checks(
    request: Request, session: WriteSession, services: ServicesOf, guard: GuardOf
) -> Checks:
    return Checks(
        database=services.database,
        session=session,
        guard=guard,
        address=request.client.host if request.client else None,
        device=cookies.read(request.scope, cookies.DEVICE),
        now=services.clock.now(),
    )


ChecksOf = Annotated[Checks, Depends(_checks)]

"""`/healthz`: the process is alive. `/readyz`: it can serve now."""

import asyncio
import logging

from fastapi import APIRouter, Depends, Request
from sqlalchemy import text

from shared.errors import Unavailable
from shared.telemetry.clean import clean
from shared.web.access import public
from shared.web.services import Services

ANSWER_S = 3.0

log = logging.getLogger(__name__)

router = APIRouter(
    tags=["health"],
    include_in_schema=False,
    dependencies=[Depends(public("load balancers ask it, and it tells nothing else"))],
)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request) -> dict[str, str]:
    services: Services = request.app.state.services
    if services.draining:
        raise Unavailable("this process is going away")
    if not await is_ready(services):
        raise Unavailable("the database is not reachable")
    return {"status": "ok"}


async def is_ready(services: Services) -> bool:
    """Whether this process can serve now: it does not drain, and the database answers soon."""
    if services.draining:
        return False
    try:
        async with asyncio.timeout(ANSWER_S), services.database.read() as session:
            await session.execute(text("SELECT 1"))
    except Exception as error:  # noqa: BLE001 - whatever the reason, it is not ready
        log.warning("the database does not answer: %s", clean(str(error)))
        return False
    return True

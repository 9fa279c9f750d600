"""`/healthz`: the process is alive. `/readyz`: it can serve now."""

from fastapi import APIRouter, Request
from sqlalchemy import text

from shared.errors import Unavailable
from shared.web.services import Services

router = APIRouter(tags=["health"], include_in_schema=False)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request) -> dict[str, str]:
    services: Services = request.app.state.services
    if services.draining:
        raise Unavailable("this process is going away")
    try:
        async with services.database.read() as session:
            await session.execute(text("SELECT 1"))
    except Exception as error:
        raise Unavailable("the database is not reachable") from error
    return {"status": "ok"}

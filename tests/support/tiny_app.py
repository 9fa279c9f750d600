"""A small app served as a process of its own: `python -m tests.support.tiny_app`."""

import asyncio
import sys
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from shared.web.app import create_web_app
from shared.web.serve import serve
from shared.web.services import Services, provide
from shared.web.settings import WebSettings
from tests.support.until import until

router = APIRouter(prefix="/v1")


@router.get("/hello")
async def hello() -> dict[str, str]:
    return {"hello": "there"}


@router.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    """Counts until the process drains."""
    services: Services = request.app.state.services

    async def count() -> AsyncIterator[bytes]:
        yield b"begun\n"
        await until(lambda: services.draining)
        yield b"ended\n"

    return StreamingResponse(count(), media_type="text/plain")


@router.get("/endless")
async def endless() -> StreamingResponse:
    """Holds up an orderly end."""

    async def hold() -> AsyncIterator[bytes]:
        yield b"begun\n"
        await asyncio.Event().wait()

    return StreamingResponse(hold(), media_type="text/plain")


def create_app(settings: WebSettings | None = None, services: Services | None = None) -> FastAPI:
    return create_web_app(
        name="tiny",
        title="Tiny",
        description="An app to serve in tests.",
        services=provide(WebSettings, settings, services),
        routers=[router],
    )


if __name__ == "__main__":
    sys.exit(serve(create_app, WebSettings))

"""Calling an app in process, as it is served: with its lifespan and host name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI

from tests.support.until import until


@asynccontextmanager
async def client(app: FastAPI, name: str = "app") -> AsyncIterator[httpx.AsyncClient]:
    """A client of `app`, whose background tasks run meanwhile."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    base = f"http://{name}.fortress.localhost"
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=base) as http,
    ):
        yield http


class _Server(uvicorn.Server):
    """A server inside the running loop; signals are left to the test."""

    @property
    def port(self) -> int:
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """The port on which `app` is served over real HTTP, in this event loop."""
    config = uvicorn.Config(
        app, port=0, lifespan="on", log_config=None, timeout_graceful_shutdown=5
    )
    server = _Server(config)
    running = asyncio.create_task(server._serve())
    await until(lambda: server.started or running.done(), "the server")
    try:
        yield server.port
    finally:
        server.should_exit = True
        await running

"""The HTTP side: one server in the running loop, whose signals are the caller's."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.web.serve import server_config
from shared.web.settings import WebSettings

# Requests under way get this long to end: somebody at a terminal waits for it.
GRACE_S = 5


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp, settings: WebSettings, listener: socket.socket
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve `app` on `listener` inside the block. Yields the task, which ends only if it fails."""
    config = server_config(app, settings)
    config.lifespan = "off"
    config.timeout_graceful_shutdown = GRACE_S
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    ready = asyncio.create_task(server.ready.wait())
    await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    try:
        yield running
    finally:
        server.should_exit = True
        await running

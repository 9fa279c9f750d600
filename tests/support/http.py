"""Calling an app in process, as it is served: with its lifespan and host name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from tests.support.builders import Tenant
from tests.support.until import until


@dataclass(frozen=True)
class Caller:
    """An app as one organisation sees it. What is not answered as expected fails."""

    http: httpx.AsyncClient
    tenant: Tenant

    async def get(self, path: str, *, expect: int = 200, **params: Any) -> Any:
        answer = await self.http.get(path, params=params, headers=self.tenant.headers)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, expect: int = 201, **headers: str) -> Any:
        sent = self.tenant.headers | headers
        answer = await self.http.post(path, json=body, headers=sent)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def delete(self, path: str, expect: int = 204) -> None:
        answer = await self.http.delete(path, headers=self.tenant.headers)
        assert answer.status_code == expect, answer.text


def idle_client(app: FastAPI, name: str = "app") -> httpx.AsyncClient:
    """A client of `app` without its background tasks: no worker runs beside the test."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{name}.fortress.localhost")


@asynccontextmanager
async def client(app: FastAPI, name: str = "app") -> AsyncIterator[httpx.AsyncClient]:
    """A client of `app`, whose background tasks run meanwhile."""
    async with app.router.lifespan_context(app), idle_client(app, name) as http:
        yield http


class _Server(uvicorn.Server):
    """A server inside the running loop; signals are left to the test."""

    @property
    def port(self) -> int:
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(app, port=0, lifespan="on", log_config=None, timeout_graceful_shutdown=5)


@asynccontextmanager
async def served(app: FastAPI | uvicorn.Config) -> AsyncIterator[int]:
    """The port on which `app` is served over real HTTP, in this event loop."""
    config = app if isinstance(app, uvicorn.Config) else _config(app)
    server = _Server(config)
    running = asyncio.create_task(server._serve())
    await until(lambda: server.started or running.done(), "the server")
    try:
        yield server.port
    finally:
        server.should_exit = True
        await running

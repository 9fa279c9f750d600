"""Calling an app in process, as it is served: with its lifespan and host name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI


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

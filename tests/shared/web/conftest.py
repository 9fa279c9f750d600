"""A small app with one route for each thing that can happen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy import func, select

from shared.auth.keys import Principal
from shared.clock import SystemClock
from shared.errors import Conflict, TooMany
from shared.models import Organisation
from shared.web.app import create_web_app
from shared.web.dependencies import ReadSession, WriteSession, after_commit, allow
from shared.web.limits import Limits
from shared.web.schemas import Model
from shared.web.services import Services
from shared.web.transaction import TransactionalRoute
from tests.support.builders import Tenant, make_tenant
from tests.support.http import client

Writer = Annotated[Principal, Depends(allow("devices:write"))]

router = APIRouter(route_class=TransactionalRoute, prefix="/v1")


class Thing(Model):
    name: str = Field(max_length=100)
    weight: float = 0
    more: dict[str, Any] = Field(default_factory=dict)


class Made(Model):
    name: str
    number: int


@router.post("/echo")
async def echo(thing: Thing) -> Thing:
    return thing


@router.post("/bulk")
async def bulk(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@router.get("/things/{name}")
async def thing_of(
    name: str, limit: Annotated[int, Query(ge=1)] = 1, note: str = ""
) -> dict[str, Any]:
    return {"name": name, "limit": limit} | ({"note": len(note)} if note else {})


@router.get("/bug")
async def bug() -> None:
    raise RuntimeError("a bug")


@router.get("/conflict")
async def conflict() -> None:
    raise Conflict("there is \x00 one \ud800 already", existing="dev_1")


@router.get("/busy")
async def busy() -> None:
    raise TooMany("later", retry_after=7)


@router.get("/hang")
async def hang(request: Request) -> None:
    seen: list[str] = request.app.state.seen
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("cancelled")


@router.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    seen: list[str] = request.app.state.seen

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.005)
        finally:
            seen.append("closed")

    return StreamingResponse(endless(), media_type="text/plain")


@router.post("/made", status_code=201)
async def make(thing: Thing, session: WriteSession, who: Writer, request: Request) -> Made:
    """One more row of this name and organisation; answers how many there are."""
    name = f"{who.org_public_id} {thing.name}"
    session.add(Organisation(name=name, created_at=SystemClock().now()))
    await session.flush()
    if thing.more.get("fail"):
        raise Conflict("as asked for")

    async def follow() -> None:
        seen: list[str] = request.app.state.seen
        seen.append("after the commit")
        raise RuntimeError("what follows fails")

    if thing.more.get("follow"):
        after_commit(request, follow)
    return Made(name=thing.name, number=await _count(session, name))


@router.get("/made/{name}")
async def made(name: str, session: ReadSession, who: Writer) -> int:
    return await _count(session, f"{who.org_public_id} {name}")


async def _count(session: Any, name: str) -> int:
    counted = select(func.count()).where(Organisation.name == name)
    return int(await session.scalar(counted))


def make_app(services: Services) -> FastAPI:
    app = create_web_app(
        name="things",
        title="Things",
        description="An app for tests.",
        services=services,
        routers=[router],
        bulk=("/v1/bulk",),
    )
    app.state.seen = []
    return app


@pytest.fixture
def app(services: Services) -> FastAPI:
    return make_app(services)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, "things") as made:
        yield made


@pytest.fixture
async def tenant(services: Services) -> Tenant:
    return await make_tenant(services.database)


@pytest.fixture
def limited(services: Services) -> Callable[..., FastAPI]:
    """The app with other limits, such as `handler_s`."""

    def make_limited(**limits: Any) -> FastAPI:
        app = make_app(services)
        (layer,) = [each for each in app.user_middleware if each.kwargs.keys() >= {"bulk"}]
        assert isinstance(layer.cls, type)
        assert issubclass(layer.cls, Limits)
        layer.kwargs.update(limits)
        return app

    return make_limited

"""The factory of every HTTP app."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from fastapi import APIRouter, FastAPI

from shared.web import health, idempotency, openapi, problems
from shared.web.csrf import Csrf
from shared.web.entry import detours
from shared.web.entry.page import Place
from shared.web.entry.routers import routers as entry
from shared.web.headers import security_headers
from shared.web.limits import Limits
from shared.web.pages import static
from shared.web.returns import APPS
from shared.web.services import Services

AGAIN_S = 5.0
FORGET_S = 600.0

log = logging.getLogger(__name__)

# A background task of an app: runs until the event is set.
Background = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def create_web_app(
    *,
    name: str,
    title: str,
    description: str,
    services: Services,
    routers: Sequence[APIRouter],
    background: Sequence[Background] = (),
    bulk: tuple[str, ...] = (),
    places: tuple[Place, ...] = (),
) -> FastAPI:
    """An app with health, failures that say what to do, limits and its background tasks. Every
    answer has the security headers, and nothing is changed from another site's page.

    `name` is the subdomain; `bulk` the path prefixes that take large bodies; `places` its menu.
    `services` come from `shared.web.services.provide`; those that are owned by the app are closed
    with it.
    """
    app = FastAPI(
        title=title,
        description=description,
        version="1.0.0",
        lifespan=_lifespan(services, background),
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        responses=openapi.PROBLEMS,
    )
    app.state.services = services
    app.state.name = name
    app.state.places = places
    app.include_router(health.router)
    app.include_router(static.router)
    for router in routers:
        app.include_router(router)
    for router in entry(name):
        app.include_router(router)
    problems.install(app)
    if name in APPS:
        detours.install(app)
    openapi.install(app)
    app.add_exception_handler(idempotency.Replay, idempotency.repeat)
    app.add_middleware(Csrf, name=name, settings=services.settings)
    headers = security_headers(services.settings)
    app.add_middleware(Limits, name=name, bulk=bulk, headers=headers)
    return app


def _lifespan(
    services: Services, background: Sequence[Background]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    async def forget_answers(stop: asyncio.Event) -> None:
        while not await _set_within(stop, FORGET_S):
            while await idempotency.forget(services.database, services.clock.now()):
                pass

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        runs = [*background, forget_answers]
        tasks = [asyncio.create_task(_supervise(run, stop)) for run in runs]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks, return_exceptions=True)
            if services.owned:
                await services.close()

    return lifespan


async def _supervise(run: Background, stop: asyncio.Event) -> None:
    """Run until `stop`; one that fails is logged and begun again after a while."""
    while not stop.is_set():
        try:
            await run(stop)
        except Exception:
            log.exception("a background task failed and begins again in %g s", AGAIN_S)
        else:
            return
        await _set_within(stop, AGAIN_S)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()

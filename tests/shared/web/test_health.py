import asyncio
import logging
from dataclasses import replace

import httpx
import pytest

from shared.bus import MemoryBus
from shared.db import Database
from shared.settings import Settings
from shared.web.app import create_web_app
from shared.web.services import Services, provide
from shared.web.settings import WebSettings
from tests.shared.web.conftest import make_app
from tests.support import servers
from tests.support.http import client
from tests.support.until import until


async def test_it_is_alive_and_ready(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json() == {"status": "ok"}


async def test_while_it_drains_it_is_alive_but_not_ready(
    services: Services,
) -> None:
    app = make_app(replace(services, draining=True))
    async with client(app) as http:
        assert (await http.get("/healthz")).status_code == 200
        answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"


async def test_without_its_database_it_is_not_ready() -> None:
    settings = Settings(
        database_url=f"mysql+aiomysql://root@127.0.0.1:{servers.free_port()}/nothing"
    )
    services = Services(settings, Database.from_settings(settings), MemoryBus())
    app = create_web_app(name="x", title="X", description="…", services=services, routers=[])
    async with client(app) as http:
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/healthz")).status_code == 200
    await services.close()


async def test_its_own_services_are_closed_with_it(tmp_path: object) -> None:
    settings = WebSettings(database_url=f"sqlite+aiosqlite:///{tmp_path}/x.db")
    services = provide(WebSettings, settings, None)
    app = create_web_app(name="x", title="X", description="…", services=services, routers=[])
    async with client(app):
        assert await services.bus.ping()
    assert not await services.bus.ping()


async def test_services_that_were_given_stay_open(services: Services) -> None:
    assert provide(WebSettings, None, services) is services
    app = create_web_app(name="x", title="X", description="…", services=services, routers=[])
    async with client(app):
        pass
    assert await services.bus.ping()


async def test_a_background_task_that_fails_is_logged(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_stop: asyncio.Event) -> None:
        raise RuntimeError("broken in the background")

    app = create_web_app(
        name="x", title="X", description="…", services=services, routers=[], background=[fail]
    )
    with caplog.at_level(logging.ERROR):
        async with client(app) as http:
            await until(lambda: "broken in the background" in caplog.text)
            assert (await http.get("/healthz")).status_code == 200

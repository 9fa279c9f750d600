"""Scheme and address of a browser come from a proxy that is trusted, and from nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request

from shared.settings import Settings
from shared.web.app import create_web_app
from shared.web.returns import addresses
from shared.web.serve import server_config
from shared.web.services import Services
from shared.web.settings import WebSettings
from tests.support.http import served
from tests.support.logged import logged, of_requests

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
router = APIRouter()


@router.get("/seen")
async def seen(request: Request) -> dict[str, Any]:
    services: Services = request.app.state.services
    found = addresses(request.scope, services.settings, "billing")
    return {"origin": found.origin("billing"), "from": request.client and request.client.host}


@asynccontextmanager
async def behind(trusted: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    database = f"sqlite+aiosqlite:///{folder}/none.db"
    services = Services.from_settings(Settings(database_url=database))
    app = create_web_app(
        name="billing", title="-", description="-", services=services, routers=[router]
    )
    config = server_config(app, WebSettings(trusted_proxies=trusted, port=0))
    config.lifespan, config.loop = "off", "none"
    async with served(config) as port, httpx.AsyncClient() as http:
        http.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        http.headers["Host"] = "billing.fortress.localhost"
        yield http
    await services.close()


async def test_a_trusted_proxy_is_believed(tmp_path: Path) -> None:
    async with behind("127.0.0.0/8", tmp_path) as http:
        answer = (await http.get("/seen", headers=FORWARDED)).json()
    assert answer == {"origin": "https://billing.fortress.localhost", "from": "192.0.2.7"}


async def test_anybody_else_is_not(tmp_path: Path) -> None:
    async with behind("192.0.2.1", tmp_path) as http:
        answer = (await http.get("/seen", headers=FORWARDED)).json()
    assert answer == {"origin": "http://billing.fortress.localhost", "from": "127.0.0.1"}


async def test_an_address_before_the_true_one_is_not_the_callers(tmp_path: Path) -> None:
    """Whoever comes may send a header of their own; the proxy adds the true address behind it."""
    spoofed = {"X-Forwarded-For": "203.0.113.66, 127.0.0.1, 10.0.0.1, 192.0.2.7"}
    async with behind("127.0.0.0/8", tmp_path) as http:
        assert (await http.get("/seen", headers=spoofed)).json()["from"] == "192.0.2.7"


async def test_nor_is_one_of_a_header_of_its_own(tmp_path: Path) -> None:
    twice = [("X-Forwarded-For", "203.0.113.66"), ("X-Forwarded-For", "192.0.2.7")]
    async with behind("127.0.0.0/8", tmp_path) as http:
        assert (await http.get("/seen", headers=twice)).json()["from"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("trusted", "address"), [("127.0.0.0/8", "192.0.2.7"), ("192.0.2.1", "127.0.0.1")]
)
async def test_the_log_has_the_address_that_counts(
    tmp_path: Path, trusted: str, address: str
) -> None:
    spoofed = {"X-Forwarded-For": "203.0.113.66, 192.0.2.7"}
    with logged() as lines:
        async with behind(trusted, tmp_path) as http:
            await http.get("/seen", headers=spoofed)
    (line,) = of_requests(lines)
    assert (line["app"], line["address"]) == ("billing", address)


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Forwarded-Port", "X-Host"])
async def test_no_proxy_says_which_host_was_meant(tmp_path: Path, name: str) -> None:
    async with behind("127.0.0.0/8", tmp_path) as http:
        answer = (await http.get("/seen", headers={name: "host=evil.example:99"})).json()
    assert answer["origin"] == "http://billing.fortress.localhost"

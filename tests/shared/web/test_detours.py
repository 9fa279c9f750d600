"""Where a browser is sent instead of being told 401 or that a factor is needed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends

from shared.auth.principal import Principal
from shared.web import cookies, csrf
from shared.web.app import create_web_app
from shared.web.dependencies import allow, fresh
from shared.web.services import Services
from shared.web.transaction import TransactionalRoute
from tests.support.builders import Tenant, make_tenant
from tests.support.http import idle_client
from tests.support.people import make_member, sign_in

router = APIRouter(route_class=TransactionalRoute)
PAGE = {"accept": "text/html"}
PROGRAM = {"accept": "application/json"}
BASE = "http://billing.fortress.localhost"


@router.get("/things/{name}", dependencies=[Depends(fresh())])
async def see(
    name: str, _: Annotated[Principal, Depends(allow("devices:read"))], q: str = ""
) -> str:
    return name + q


@router.post("/things", dependencies=[Depends(fresh())])
async def make(_: Annotated[Principal, Depends(allow("devices:read"))]) -> str:
    return "made"


@pytest.fixture
async def tenant(services: Services) -> Tenant:
    return await make_tenant(services.database)


@pytest.fixture
async def http(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app = create_web_app(
        name="billing", title="Billing", description="", services=services, routers=[router]
    )
    async with idle_client(app, "billing") as client:
        yield client


async def stale(services: Services, tenant: Tenant) -> dict[str, str]:
    """The headers of somebody who signed in an hour ago."""
    person, _ = await make_member(services.database, tenant, "viewer")
    ago = services.clock.now() - timedelta(hours=1)
    made = await sign_in(services.database, person, ago, "billing")
    token = csrf.make_token(services.settings.secret.get_secret_value(), made.token)
    return {
        "cookie": f"{cookies.SESSION}={made.token}",
        "x-csrf-token": token,
        "sec-fetch-site": "same-origin",
    }


async def test_a_page_that_needs_a_sign_in_leads_there_and_back(http: httpx.AsyncClient) -> None:
    answer = await http.get("/things/a%20b?q=%C3%BC%26x", headers=PAGE)
    assert answer.status_code == 303
    back = "%2Fthings%2Fa%2520b%3Fq%3D%25C3%25BC%2526x"
    assert answer.headers["location"] == f"/sign-in?return={back}"


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", PROGRAM), ("POST", PAGE), ("GET", PAGE | {"authorization": "Bearer fk_x"})],
)
async def test_what_is_no_page_is_told_as_it_is(
    http: httpx.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    path = "/things" if method == "POST" else "/things/a"
    assert (await http.request(method, path, headers=headers)).status_code == 401


async def test_a_page_that_needs_a_fresh_factor_leads_to_one(
    http: httpx.AsyncClient, services: Services, tenant: Tenant
) -> None:
    answer = await http.get("/things/a", headers=PAGE | await stale(services, tenant))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?return=%2Fthings%2Fa&fresh=true"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (f"{BASE}/form?x=1", "%2Fform%3Fx%3D1"),
        ("http://example.org/form", "%2F"),
        ("http://api.fortress.localhost/form", "%2F"),
        (f"{BASE}//example.org", "%2F"),
    ],
)
async def test_a_form_that_needs_a_fresh_factor_leads_back_to_its_page(
    http: httpx.AsyncClient, services: Services, tenant: Tenant, referer: str, back: str
) -> None:
    headers = PAGE | {"referer": referer} | await stale(services, tenant)
    answer = await http.post("/things", headers=headers)
    assert answer.headers["location"] == f"/sign-in?return={back}&fresh=true"


async def test_programs_hear_that_a_fresh_factor_is_needed_and_keys_need_none(
    http: httpx.AsyncClient, services: Services, tenant: Tenant
) -> None:
    answer = await http.post("/things", headers=PROGRAM | await stale(services, tenant))
    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_sign_in_needed")
    assert (await http.post("/things", headers=PROGRAM | tenant.headers)).status_code == 200

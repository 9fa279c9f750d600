import pytest

from apps.reporting.main import create_app
from shared.web.services import Services
from tests.reporting.exporting import T0, body, signed_in
from tests.support.builders import make_device, make_tenant
from tests.support.contract import check_contract
from tests.support.databases import on_mariadb
from tests.support.http import idle_client
from tests.support.isolation import operations
from tests.support.telemetry import store_event, store_readings

RUN = "/v1/runs/run_0"
ROUTES = [
    ("GET", "/v1/exports/readings.csv"),
    ("GET", "/v1/exports/events.csv"),
    ("GET", "/v1/runs"),
    ("POST", "/v1/runs"),
    ("GET", RUN),
    ("DELETE", RUN),
    ("GET", f"{RUN}/file"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_request_without_a_key_is_refused(
    services: Services, method: str, path: str
) -> None:
    async with idle_client(create_app(services=services), "reporting") as http:
        answer = await http.request(method, path)
    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_key_without_the_scope_is_refused(
    services: Services, method: str, path: str
) -> None:
    tenant = await make_tenant(services.database, scopes=["devices:read"])
    async with idle_client(create_app(services=services), "reporting") as http:
        answer = await http.request(method, path, headers=tenant.headers)
    assert answer.status_code == 403


async def test_every_route_is_tried_above(services: Services) -> None:
    documented = operations(create_app(services=services), {"run_id": "run_0"})
    assert sorted(documented) == sorted(ROUTES)


async def test_it_is_alive_and_ready(services: Services) -> None:
    async with signed_in(services) as (http, _):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200


@on_mariadb
async def test_it_keeps_its_openapi_word(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    await store_readings(services.database, device, [(T0, 1, 1, body(a=1))])
    await store_event(services.database, tenant, device, ts=T0 + 1)
    await check_contract(create_app(services=services), tenant.headers, examples=6)

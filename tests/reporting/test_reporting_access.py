import pytest

from apps.reporting.main import create_app
from shared.web.services import Services
from tests.reporting.exporting import T0, body, signed_in
from tests.support.builders import make_device, make_tenant
from tests.support.contract import check_contract
from tests.support.telemetry import store_event, store_readings

ROUTES = ["/v1/exports/readings.csv", "/v1/exports/events.csv"]


@pytest.mark.parametrize("path", ROUTES)
async def test_a_request_without_a_key_is_refused(services: Services, path: str) -> None:
    async with signed_in(services) as (http, _):
        del http.headers["Authorization"]
        answer = await http.get(path)
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ROUTES)
async def test_a_key_without_the_scope_is_refused(services: Services, path: str) -> None:
    async with signed_in(services, scopes=["devices:read"]) as (http, _):
        answer = await http.get(path)
    assert answer.status_code == 403


async def test_every_route_is_tried_above(services: Services) -> None:
    assert sorted(create_app(services=services).openapi()["paths"]) == sorted(ROUTES)


async def test_it_is_alive_and_ready(services: Services) -> None:
    async with signed_in(services) as (http, _):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200


async def test_it_keeps_its_openapi_word(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    await store_readings(services.database, device, [(T0, 1, 1, body(a=1))])
    await store_event(services.database, tenant, device, ts=T0 + 1)
    await check_contract(create_app(services=services), tenant.headers)

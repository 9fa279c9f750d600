import pytest

from apps.dashboarding.main import create_app
from shared.web.services import Services
from tests.support.builders import make_tenant
from tests.support.http import client


async def test_a_request_without_a_key_is_refused(services: Services) -> None:
    async with client(create_app(services=services)) as http:
        answer = await http.get("/v1/live")
    assert answer.status_code == 401


async def test_a_key_without_the_scope_is_refused(services: Services) -> None:
    tenant = await make_tenant(services.database, scopes=["devices:read"])
    async with client(create_app(services=services)) as http:
        answer = await http.get("/v1/live", headers=tenant.headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("query", "status"), [({"device": "dev_none"}, 404), ({"device": "a b"}, 422)]
)
async def test_a_bad_device_is_refused(
    services: Services, query: dict[str, str], status: int
) -> None:
    tenant = await make_tenant(services.database)
    async with client(create_app(services=services)) as http:
        answer = await http.get("/v1/live", headers=tenant.headers, params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_route_is_tried_above(services: Services) -> None:
    assert list(create_app(services=services).openapi()["paths"]) == ["/v1/live"]


async def test_it_is_alive_and_ready(services: Services) -> None:
    async with client(create_app(services=services)) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200

import pytest

from apps.administration.main import create_app
from shared.web.services import Services
from tests.administration.signed_in import signed_in
from tests.support.builders import make_tenant
from tests.support.contract import check_contract, on_mariadb

ROUTES = [
    ("GET", "/v1/organisations"),
    ("GET", "/v1/organisations/org_x"),
    ("PATCH", "/v1/organisations/org_x"),
    ("GET", "/v1/keys"),
    ("POST", "/v1/keys"),
    ("GET", "/v1/keys/key_x"),
    ("DELETE", "/v1/keys/key_x"),
    ("GET", "/v1/audit"),
    ("GET", "/v1/audit/chain"),
    ("GET", "/v1/audit/export"),
    ("GET", "/v1/audit/aud_x"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_request_without_a_key_is_refused(
    services: Services, method: str, path: str
) -> None:
    async with signed_in(services) as (http, _):
        del http.headers["Authorization"]
        answer = await http.request(method, path, json={})
    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_key_without_the_scope_is_refused(
    services: Services, method: str, path: str
) -> None:
    async with signed_in(services, scopes=["devices:read"]) as (http, _):
        answer = await http.request(method, path, json={"name": "a", "scopes": ["devices:read"]})
    assert answer.status_code == 403


async def test_every_route_is_tried_above(services: Services) -> None:
    paths = create_app(services=services).openapi()["paths"]
    assert sum(len(paths[path]) for path in paths) == len(ROUTES)


async def test_it_is_alive_and_ready(services: Services) -> None:
    async with signed_in(services) as (http, _):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200


@on_mariadb
async def test_it_keeps_its_openapi_word(services: Services) -> None:
    tenant = await make_tenant(services.database)
    await check_contract(create_app(services=services), tenant.headers)

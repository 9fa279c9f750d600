"""Every route of the API, asked by those who may not."""

import re
from typing import Any

import httpx
import pytest

from apps.api.main import create_app
from shared.clock import SystemClock
from shared.db import Database
from shared.models import ApiKey
from shared.settings import Settings
from tests.support.builders import Tenant, make_device, make_group, make_profile, make_tenant
from tests.support.telemetry import store_dead_letter

BODIES: dict[str, Any] = {
    "POST /v1/profiles": {"name": "x"},
    "PATCH /v1/profiles/{profile_id}": {"name": "x"},
    "POST /v1/devices": {"uid": "x"},
    "POST /v1/devices/import": [{"uid": "x"}],
    "PATCH /v1/devices/{device_id}": {"name": "x"},
    "POST /v1/devices/{device_id}/readings": {"v": {"temp": 1}},
    "POST /v1/readings": [],
    "POST /v1/dead-letters/replay": {},
    "POST /v1/device-groups": {"name": "x"},
    "PATCH /v1/device-groups/{group_id}": {"name": "x"},
}
QUERIES: dict[str, dict[str, Any]] = {
    "GET /v1/devices/{device_id}/series": {"metric": "temp", "start": 0, "end": 1},
}


def routes() -> list[str]:
    """Every route of the app as METHOD /path."""
    app = create_app(Settings(database_url="sqlite+aiosqlite:///:memory:"))
    return [
        f"{method} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in map(str.upper, operations)
    ]


ROUTES = routes()
WITH_IDS = [route for route in ROUTES if "{" in route]


@pytest.fixture
async def ids(database: Database, other: Tenant) -> dict[str, str]:
    """One of each thing, all of another organisation."""
    device = await make_device(database, other)
    profile = await make_profile(database, other, {})
    letter = await store_dead_letter(database, other, device)
    return {
        "device_id": device.public_id,
        "profile_id": profile.public_id,
        "letter_id": letter,
        "group_id": await make_group(database, other),
    }


async def ask(
    http: httpx.AsyncClient, route: str, ids: dict[str, str], headers: dict[str, str]
) -> httpx.Response:
    method, path = route.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)
    return await http.request(
        method, path, json=BODIES.get(route), params=QUERIES.get(route), headers=headers
    )


def test_the_api_has_the_routes_that_are_tried() -> None:
    assert len(ROUTES) >= 25
    assert set(BODIES) | set(QUERIES) <= set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
async def test_without_a_key_nothing_is_answered(
    anonymous: httpx.AsyncClient, ids: dict[str, str], route: str
) -> None:
    answer = await ask(anonymous, route, ids, {})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", ROUTES)
async def test_a_key_without_scopes_may_do_nothing(
    anonymous: httpx.AsyncClient, database: Database, ids: dict[str, str], route: str
) -> None:
    powerless = await make_tenant(database, scopes=[])
    answer = await ask(anonymous, route, ids, powerless.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("route", WITH_IDS)
async def test_what_another_organisation_has_does_not_exist(
    api: httpx.AsyncClient, ids: dict[str, str], route: str
) -> None:
    answer = await ask(api, route, ids, {})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("route", WITH_IDS)
async def test_what_never_existed_does_not_exist(api: httpx.AsyncClient, route: str) -> None:
    ids = dict.fromkeys(("device_id", "profile_id", "letter_id", "group_id"), "x%00'%F0%9F%94%A5")
    answer = await ask(api, route, ids, {})
    assert answer.status_code == 404


@pytest.mark.parametrize("key", ["", "x", "fk_", "fk_aaaaaaaaaa_" + "x" * 43, "fk_ä", "a b c"])
async def test_what_is_no_key_is_refused(anonymous: httpx.AsyncClient, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}".encode()}
    answer = await anonymous.get("/v1/devices", headers=headers)  # type: ignore[arg-type]  # bytes pass
    assert answer.status_code == 401


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
async def test_a_key_that_has_ended_is_refused(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, column: str
) -> None:
    assert (await api.get("/v1/devices")).status_code == 200
    async with database.unit_of_work() as session:
        prefix = tenant.key.split("_")[1]
        await session.execute(
            ApiKey.__table__.update()  # type: ignore[attr-defined]  # a Table
            .where(ApiKey.prefix == prefix)
            .values({column: SystemClock().now()})
        )
    assert (await api.get("/v1/devices")).status_code == 401


async def test_a_key_that_may_read_may_not_write(
    anonymous: httpx.AsyncClient, database: Database
) -> None:
    reader = await make_tenant(database, scopes=["devices:read", "readings:read"])
    assert (await anonymous.get("/v1/devices", headers=reader.headers)).status_code == 200
    for path, body in (("/v1/devices", {"uid": "x"}), ("/v1/readings", [])):
        answer = await anonymous.post(path, json=body, headers=reader.headers)
        assert answer.status_code == 403
        assert "write" in answer.json()["detail"]


async def test_the_document_is_open_and_has_examples(anonymous: httpx.AsyncClient) -> None:
    document = (await anonymous.get("/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation["summary"] and operation["description"] for operation in operations)
    assert all(operation["security"] for operation in operations)
    properties = document["components"]["schemas"]["DeviceIn"]["properties"]
    assert properties["uid"]["examples"] == ["pump-7"]

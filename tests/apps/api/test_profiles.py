import json
from typing import Any

import httpx
import pytest

from shared.db import Database
from shared.web.services import Services
from tests.support.builders import Tenant, make_device

TEMP = {"temp": {"type": "number", "unit": "°C", "min": -40, "max": 125.5}}


async def created(api: httpx.AsyncClient, name: str = "room", **more: Any) -> dict[str, Any]:
    answer = await api.post("/v1/profiles", json={"name": name, "metrics": TEMP, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_profile_comes_back_as_it_was_declared(api: httpx.AsyncClient) -> None:
    made = await created(api, strict=True)
    answer = await api.get(f"/v1/profiles/{made['id']}")
    assert answer.status_code == 200
    assert answer.json() == made
    assert made["strict"] is True
    assert made["metrics"]["temp"] == TEMP["temp"]
    assert made["created_at"].endswith("Z")


async def test_creation_names_the_place_of_the_profile(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/profiles", json={"name": "door"})
    assert answer.headers["location"] == f"/v1/profiles/{answer.json()['id']}"
    assert answer.json()["metrics"] == {}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.name"),
        ({"name": ""}, "body.name"),
        ({"name": " room"}, "body.name"),
        ({"name": "room\n"}, "body.name"),
        ({"name": 5}, "body.name"),
        ({"name": "x" * 201}, "body.name"),
        ({"name": "x", "colour": 1}, "body.colour"),
        ({"name": "x", "metrics": []}, "body.metrics"),
        ({"name": "x", "metrics": {"Temp": {"type": "number"}}}, "body.metrics.Temp"),
        ({"name": "x", "metrics": {"t": {"type": "float"}}}, "body.metrics.t.type"),
        ({"name": "x", "metrics": {"t": {"type": "text", "min": 1}}}, "body.metrics.t"),
        ({"name": "x", "metrics": {"t": {"type": "number", "min": 2, "max": 1}}}, "body.metrics.t"),
        ({"name": "x", "metrics": {"t": {"type": "number", "min": "1"}}}, "body.metrics.t.min"),
        ({"name": "x", "metrics": {"t": {"type": "number", "min": 1e301}}}, "body.metrics.t.min"),
        ({"name": "x", "metrics": {"t": {"type": "number", "min": 10**400}}}, "body.metrics.t.min"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], where: str
) -> None:
    answer = await api.post("/v1/profiles", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].startswith(where)


async def test_a_name_is_taken_once_and_the_answer_names_by_which(api: httpx.AsyncClient) -> None:
    made = await created(api)
    answer = await api.post("/v1/profiles", json={"name": "room"})
    assert answer.status_code == 409
    assert answer.json()["profile"] == made["id"]
    assert answer.json()["code"] == "name_taken"


async def test_a_change_touches_what_it_names_only(api: httpx.AsyncClient) -> None:
    made = await created(api)
    answer = await api.patch(f"/v1/profiles/{made['id']}", json={"strict": True})
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["updated_at"] >= made["updated_at"]
    assert changed == made | {"strict": True, "updated_at": changed["updated_at"]}


async def test_a_change_may_not_take_anothers_name(api: httpx.AsyncClient) -> None:
    await created(api, "one")
    two = await created(api, "two")
    answer = await api.patch(f"/v1/profiles/{two['id']}", json={"name": "one"})
    assert answer.status_code == 409


async def test_a_change_with_an_unknown_field_is_refused(api: httpx.AsyncClient) -> None:
    made = await created(api)
    answer = await api.patch(f"/v1/profiles/{made['id']}", json={"metric": {}})
    assert answer.status_code == 422


async def test_a_change_tells_ingest_about_every_device(
    api: httpx.AsyncClient, tenant: Tenant, services: Services
) -> None:
    made = await created(api)
    heard = await services.bus.subscribe(f"device:{tenant.public_id}")
    await api.patch(f"/v1/profiles/{made['id']}", json={"metrics": {}})
    message = await heard.get(5)
    assert message is not None
    assert json.loads(message.data) == {"devices": [], "all": True}


async def test_a_profile_in_use_cannot_be_deleted(
    api: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    made = await created(api)
    device = await make_device(database, tenant)
    await api.patch(f"/v1/devices/{device.public_id}", json={"profile": made["id"]})
    refused = await api.delete(f"/v1/profiles/{made['id']}")
    assert refused.status_code == 409
    assert refused.json()["devices"] == 1
    await api.delete(f"/v1/devices/{device.public_id}")
    deleted = await api.delete(f"/v1/profiles/{made['id']}")
    assert deleted.status_code == 204
    assert (await api.get(f"/v1/profiles/{made['id']}")).status_code == 404


async def test_a_list_goes_by_name_and_from_page_to_page(api: httpx.AsyncClient) -> None:
    for name in ("c", "a", "b"):
        await created(api, name)
    first = (await api.get("/v1/profiles", params={"limit": 2})).json()
    second = (await api.get("/v1/profiles", params={"limit": 2, "cursor": first["next"]})).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next"] is None

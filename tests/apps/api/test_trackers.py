"""Registering trackers, which are known by their IMEI alone."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared.db import Database, scoped
from shared.ids import new_id
from shared.models import AuditEntry, DeviceCredential
from tests.support.builders import Tenant, make_tenant
from tests.support.trackers import any_imei


async def register(api: httpx.AsyncClient, **more: Any) -> httpx.Response:
    body = {"uid": any_imei(), "transport": "teltonika", **more}
    return await api.post("/v1/devices", json=body)


async def test_a_tracker_has_an_imei_and_no_token(
    api: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    answer = await register(api, networks=["198.51.100.0/24"])
    made = answer.json()
    assert answer.status_code == 201
    assert (made["transport"], made["authenticated"], made["token"]) == ("teltonika", False, None)
    assert made["networks"] == ["198.51.100.0/24"]
    async with database.read() as session:
        assert not list(await session.scalars(scoped(tenant.id, select(DeviceCredential))))
        entry = await session.scalar(scoped(tenant.id, select(AuditEntry)))
    assert entry is not None
    assert entry.after == {
        "uid": made["uid"], "name": "", "profile": None, "tags": [], "transport": "teltonika",
        "networks": ["198.51.100.0/24"],
    }  # fmt: skip


async def test_a_device_of_lines_is_shown_as_one(api: httpx.AsyncClient) -> None:
    made = (await api.post("/v1/devices", json={"uid": new_id("uid")})).json()
    assert (made["transport"], made["authenticated"], made["networks"]) == ("lines", True, [])


async def test_another_organisation_cannot_register_it_and_is_not_told_whose_it_is(
    api: httpx.AsyncClient, database: Database
) -> None:
    first = (await register(api)).json()
    other = await make_tenant(database)
    answer = await api.post(
        "/v1/devices",
        json={"uid": first["uid"], "transport": "teltonika"},
        headers=other.headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "imei_taken")
    assert first["id"] not in answer.text
    assert "org_" not in answer.text


async def test_in_its_own_organisation_the_problem_names_it(api: httpx.AsyncClient) -> None:
    first = (await register(api)).json()
    answer = await register(api, uid=first["uid"])
    assert (answer.status_code, answer.json()["code"]) == (409, "uid_taken")
    assert answer.json()["device"] == first["id"]


async def test_a_device_of_lines_elsewhere_may_have_its_imei_as_its_uid(
    api: httpx.AsyncClient, database: Database
) -> None:
    first = (await register(api)).json()
    other = await make_tenant(database)
    answer = await api.post("/v1/devices", json={"uid": first["uid"]}, headers=other.headers)
    assert answer.status_code == 201


async def test_once_it_is_deleted_another_organisation_may_have_it(
    api: httpx.AsyncClient, database: Database
) -> None:
    first = (await register(api)).json()
    assert (await api.delete(f"/v1/devices/{first['id']}")).status_code == 204
    other = await make_tenant(database)
    answer = await api.post(
        "/v1/devices",
        json={"uid": first["uid"], "transport": "teltonika"},
        headers=other.headers,
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"uid": "truck-7", "transport": "teltonika"},
        {"uid": "35630704244101", "transport": "teltonika"},
        {"uid": "٣56307042441013", "transport": "teltonika"},
        {"uid": "356307042441013", "transport": "mqtt"},
        {"uid": "pump-7", "networks": ["10.0.0.0/8"]},
        {"uid": "356307042441013", "transport": "teltonika", "networks": ["10.0.0.1/8"]},
        {"uid": "356307042441013", "transport": "teltonika", "networks": ["anywhere"]},
        {"uid": "356307042441013", "transport": "teltonika", "networks": ["::/0"] * 33},
    ],
)
async def test_what_is_no_tracker_is_refused(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await api.post("/v1/devices", json=body)).status_code == 422


async def test_its_networks_can_be_changed_and_its_uid_not(api: httpx.AsyncClient) -> None:
    made = (await register(api, networks=["10.0.0.0/8"])).json()
    path = f"/v1/devices/{made['id']}"
    changed = await api.patch(path, json={"networks": ["2001:db8::/32"]})
    assert changed.json()["networks"] == ["2001:db8::/32"]
    assert (await api.patch(path, json={"uid": "truck-7"})).json()["code"] == "uid_is_imei"
    assert (await api.post(f"{path}/token")).json()["code"] == "no_token"


async def test_a_device_with_a_token_has_no_networks(api: httpx.AsyncClient) -> None:
    made = (await api.post("/v1/devices", json={"uid": new_id("uid")})).json()
    answer = await api.patch(f"/v1/devices/{made['id']}", json={"networks": ["10.0.0.0/8"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_tracker")


async def test_the_list_can_be_of_trackers_or_of_others(api: httpx.AsyncClient) -> None:
    tracker = (await register(api)).json()
    other = (await api.post("/v1/devices", json={"uid": new_id("uid")})).json()
    for transport, expected in (("teltonika", tracker), ("lines", other)):
        found = (await api.get("/v1/devices", params={"transport": transport})).json()
        assert [item["id"] for item in found["items"]] == [expected["id"]]


async def test_an_import_makes_trackers_and_reports_those_of_others(
    api: httpx.AsyncClient, database: Database
) -> None:
    taken = (await register(api)).json()
    other = await make_tenant(database)
    mine = any_imei()
    text = (
        "uid,transport,networks\n"
        f"{mine},teltonika,10.0.0.0/8|2001:db8::/32\n"
        f"{taken['uid']},teltonika,\n"
        "truck-7,teltonika,\n"
        "pump-7,,\n"
    )
    answer = await api.post(
        "/v1/devices/import",
        content=text.encode(),
        headers={**other.headers, "Content-Type": "text/csv"},
    )
    made = answer.json()
    assert [(error["line"], error["code"]) for error in made["errors"]] == [
        (3, "imei_taken"),
        (4, "invalid"),
    ]
    assert [(one["uid"], one["token"] is None) for one in made["devices"]] == [
        (mine, True),
        ("pump-7", False),
    ]
    found = (await api.get("/v1/devices", params={"uid": mine}, headers=other.headers)).json()
    assert found["items"][0]["networks"] == ["10.0.0.0/8", "2001:db8::/32"]

import json
from typing import Any

import pytest

from shared.web.services import Services
from tests.administration.signed_in import signed_in
from tests.support.builders import make_tenant


async def test_a_key_sees_its_own_organisation(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        listed = (await http.get("/v1/organisations")).json()
        got = (await http.get(f"/v1/organisations/{tenant.public_id}")).json()
    assert listed == {"items": [got], "next": None}
    assert got["id"] == tenant.public_id
    assert got["retention_days"] is None


async def test_a_change_is_kept_and_written_to_the_audit(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        path = f"/v1/organisations/{tenant.public_id}"
        name = (await http.get(path)).json()["name"]
        changed = await http.patch(path, json={"name": "Harbour", "retention_days": 30})
        got = (await http.get(path)).json()
        entries = (await http.get("/v1/audit")).json()["items"]
    assert changed.json() == got
    assert (got["name"], got["retention_days"]) == ("Harbour", 30)
    assert [entry["action"] for entry in entries] == ["organisation.update"]
    assert entries[0]["before"] == {"name": name, "retention_days": None}
    assert entries[0]["after"] == {"name": "Harbour", "retention_days": 30}
    assert entries[0]["target"] == tenant.public_id


async def test_what_a_patch_leaves_out_stays(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        path = f"/v1/organisations/{tenant.public_id}"
        await http.patch(path, json={"retention_days": 30})
        got = (await http.patch(path, json={"name": "Harbour"})).json()
        lifted = (await http.patch(path, json={"retention_days": None})).json()
    assert got["retention_days"] == 30
    assert lifted["retention_days"] is None
    assert lifted["name"] == "Harbour"


async def test_a_patch_that_changes_nothing_leaves_no_entry(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        await http.patch(f"/v1/organisations/{tenant.public_id}", json={"retention_days": None})
        entries = (await http.get("/v1/audit")).json()["items"]
    assert entries == []


async def test_ingest_hears_of_a_new_retention(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        heard = await services.bus.subscribe(f"device:{tenant.public_id}")
        await http.patch(f"/v1/organisations/{tenant.public_id}", json={"retention_days": 7})
        message = await heard.get(5)
    assert message is not None
    assert json.loads(message.data) == {"devices": [], "all": True}


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 201},
        {"retention_days": 0},
        {"retention_days": 1.5},
        {"retention_days": 10**9},
        {"id": "org_other"},
        [],
    ],
)
async def test_a_bad_change_is_refused(services: Services, body: Any) -> None:
    async with signed_in(services) as (http, tenant):
        answer = await http.patch(f"/v1/organisations/{tenant.public_id}", json=body)
        entries = (await http.get("/v1/audit")).json()["items"]
    assert answer.status_code == 422
    assert entries == []


async def test_another_organisation_does_not_exist(services: Services) -> None:
    other = await make_tenant(services.database)
    async with signed_in(services) as (http, _):
        got = await http.get(f"/v1/organisations/{other.public_id}")
        changed = await http.patch(f"/v1/organisations/{other.public_id}", json={"name": "mine"})
    assert (got.status_code, changed.status_code) == (404, 404)
    assert got.json()["code"] == "no_such_organisation"

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared.db import Database, scoped
from shared.ids import digest
from shared.models import AuditEntry, DeviceCredential, DeviceState
from shared.web.services import Services
from tests.support.builders import Tenant, make_device, make_profile

CSV = {"content-type": "text/csv; charset=utf-8"}
IMPORT = "/v1/devices/import"


async def test_good_rows_are_made_and_bad_ones_reported_by_line(
    api: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    profile = await make_profile(database, tenant, {})
    there = await make_device(database, tenant, "there")
    lines = [
        "uid;name;profile;tags",
        f"a;First;{profile.name};red|big",
        f"b;Second;{profile.public_id};",
        "there;;;",
        "a;again;;",
        ";nameless;;",
        "c;;no such profile;",
        "d;;;;;;",
        f"{'e' * 129};;;",
        "f",
    ]
    answer = await api.post(IMPORT, content="\n".join(lines), headers=CSV)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["rows"], made["created"], made["dry_run"]) == (9, 3, False)
    assert [(error["line"], error["code"]) for error in made["errors"]] == [
        (4, "uid_taken"),
        (5, "uid_twice"),
        (6, "invalid"),
        (7, "unknown_profile"),
        (8, "bad_row"),
        (9, "invalid"),
    ]
    assert there.public_id in made["errors"][0]["detail"]
    assert made["errors"][1]["detail"] == "line 2 has this uid already"
    assert [(device["line"], device["uid"]) for device in made["devices"]] == [
        (2, "a"),
        (3, "b"),
        (10, "f"),
    ]
    first = (await api.get(f"/v1/devices/{made['devices'][0]['id']}")).json()
    assert (first["name"], first["profile"], first["tags"]) == (
        "First",
        profile.public_id,
        ["big", "red"],
    )


async def test_imported_devices_can_sign_in_and_have_a_state_and_an_audit(
    api: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    body = [{"uid": f"device {n}"} for n in range(250)]
    made = (await api.post(IMPORT, json=body)).json()
    assert made["created"] == 250
    async with database.read() as session:
        hashes = await session.scalars(scoped(tenant.id, select(DeviceCredential)))
        states = await session.scalars(scoped(tenant.id, select(DeviceState)))
        entries = await session.scalars(scoped(tenant.id, select(AuditEntry)))
        kept = {row.token_hash for row in hashes}
        assert kept == {digest(device["token"]) for device in made["devices"]}
        assert len(states.all()) == 250
        audited = {entry.target: entry.action for entry in entries}
    assert audited == {device["id"]: "device.import" for device in made["devices"]}


async def test_a_dry_run_says_the_same_and_writes_nothing(api: httpx.AsyncClient) -> None:
    body = [{"uid": "a"}, {"uid": "a"}, {"uid": "b", "colour": "red"}]
    dry = (await api.post(IMPORT, params={"dry_run": True}, json=body)).json()
    assert dry["created"] == 1
    assert dry["devices"] == [{"line": 1, "uid": "a", "id": None, "token": None}]
    assert (await api.get("/v1/devices")).json()["items"] == []
    real = (await api.post(IMPORT, json=body)).json()
    assert real["errors"] == dry["errors"]


async def test_a_repeated_import_repeats_no_secret(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "import"}
    first = (await api.post(IMPORT, json=[{"uid": "a"}], headers=headers)).json()
    second = (await api.post(IMPORT, json=[{"uid": "a"}], headers=headers)).json()
    assert len(first["devices"]) == 1
    assert second == first | {"devices": []}


async def test_ingest_hears_of_the_new_devices(
    api: httpx.AsyncClient, tenant: Tenant, services: Services
) -> None:
    heard = await services.bus.subscribe(f"device:{tenant.public_id}")
    made = (await api.post(IMPORT, json=[{"uid": "a"}, {"uid": "b"}])).json()
    message = await heard.get(5)
    assert message is not None
    assert json.loads(message.data)["devices"] == [device["id"] for device in made["devices"]]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"name\nx\n", "text/csv", 422, "bad_file"),
        (b"", "text/csv", 422, "bad_file"),
        (b"uid\n\xff\n", "text/csv", 422, "bad_file"),
        (b"{}", "application/json", 422, "bad_file"),
        (b"uid\nx\n", "text/plain", 415, "unsupported_media_type"),
        (b"uid\nx\n", "", 415, "unsupported_media_type"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(
    api: httpx.AsyncClient, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = await api.post(IMPORT, content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_question_that_makes_no_sense_is_refused(api: httpx.AsyncClient) -> None:
    params: dict[str, Any] = {"dryrun": True}
    assert (await api.post(IMPORT, params=params, json=[])).status_code == 422


async def test_a_file_that_is_too_large_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(IMPORT, content=b"x" * (32 * 1024 * 1024 + 1), headers=CSV)
    assert answer.status_code == 413

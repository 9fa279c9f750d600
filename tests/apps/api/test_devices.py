import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared.clock import SystemClock
from shared.db import Database, scoped
from shared.ids import digest
from shared.models import AuditEntry, Device, DeviceCredential, DeviceState
from shared.web.services import Services
from tests.support.builders import Tenant, make_device, make_profile, make_tenant


async def created(api: httpx.AsyncClient, uid: str = "pump-7", **more: Any) -> dict[str, Any]:
    answer = await api.post("/v1/devices", json={"uid": uid, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def credentials(database: Database, tenant: Tenant) -> list[DeviceCredential]:
    async with database.read() as session:
        return list(await session.scalars(scoped(tenant.id, select(DeviceCredential))))


async def test_creation_answers_with_the_device_and_its_token(
    api: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    answer = await api.post(
        "/v1/devices", json={"uid": "pump-7", "name": "Pump 7", "tags": ["b", "a", "b"]}
    )
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/devices/{made['id']}"
    assert made["token"].startswith("dt_")
    assert made["tags"] == ["a", "b"]
    assert (made["online"], made["last_seen"], made["disabled"]) == (False, None, False)
    kept = await credentials(database, tenant)
    assert [row.token_hash for row in kept] == [digest(made["token"])]


async def test_the_token_is_shown_once(api: httpx.AsyncClient) -> None:
    made = await created(api)
    answer = await api.get(f"/v1/devices/{made['id']}")
    assert "token" not in answer.json()
    assert answer.json() == {name: value for name, value in made.items() if name != "token"}


async def test_a_repeated_creation_makes_one_device_and_repeats_no_secret(
    api: httpx.AsyncClient,
) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await api.post("/v1/devices", json={"uid": "p"}, headers=headers)
    second = await api.post("/v1/devices", json={"uid": "p"}, headers=headers)
    assert second.status_code == 201
    assert second.json() == first.json() | {"token": None}
    assert second.headers["idempotent-replayed"] == "true"


async def test_a_uid_is_taken_once_and_the_answer_names_by_which(api: httpx.AsyncClient) -> None:
    made = await created(api)
    answer = await api.post("/v1/devices", json={"uid": "pump-7"})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["device"]) == ("uid_taken", made["id"])


async def test_uids_that_differ_in_case_are_two_devices(api: httpx.AsyncClient) -> None:
    await created(api, "pump")
    await created(api, "PUMP")


async def test_two_organisations_may_use_one_uid(api: httpx.AsyncClient, other: Tenant) -> None:
    await created(api)
    answer = await api.post("/v1/devices", json={"uid": "pump-7"}, headers=other.headers)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "pump",
        None,
        {"uid": ""},
        {"uid": " pump"},
        {"uid": "pump "},
        {"uid": "pu\tmp"},
        {"uid": "x" * 129},
        {"uid": 7},
        {"uid": None},
        {"uid": "x", "name": "x" * 201},
        {"uid": "x", "name": "two\nlines"},
        {"uid": "x", "tags": "a"},
        {"uid": "x", "tags": [""]},
        {"uid": "x", "tags": ["x" * 65]},
        {"uid": "x", "tags": [f"t{n}" for n in range(33)]},
        {"uid": "x", "token": "dt_mine"},
        {"uid": "x", "profile": "prf_none"},
    ],
)
async def test_what_makes_no_sense_is_refused(api: httpx.AsyncClient, body: Any) -> None:
    answer = await api.post("/v1/devices", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b'{"uid": "x"',
        b"",
        b"\xff\xfe",
        b'{"uid": "\\ud800"}',
        b'{"uid": "pu\\u0000mp"}',
        b'{"uid": "x", "name": "\\u001b[31m"}',
    ],
)
async def test_a_body_that_is_not_json_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post(
        "/v1/devices", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {400, 422}


async def test_a_body_that_is_too_large_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/devices", json={"uid": "x" * 1_100_000})
    assert answer.status_code == 413


async def test_a_change_touches_what_it_names_only(
    api: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    profile = await make_profile(database, tenant, {})
    made = await created(api, name="old", tags=["a"])
    answer = await api.patch(
        f"/v1/devices/{made['id']}", json={"profile": profile.public_id, "tags": ["b"]}
    )
    changed = answer.json()
    assert answer.status_code == 200
    assert (changed["uid"], changed["name"]) == ("pump-7", "old")
    assert (changed["profile"], changed["tags"]) == (profile.public_id, ["b"])
    cleared = await api.patch(f"/v1/devices/{made['id']}", json={"profile": None})
    assert cleared.json()["profile"] is None


async def test_a_change_with_an_unknown_field_is_refused(api: httpx.AsyncClient) -> None:
    made = await created(api)
    answer = await api.patch(f"/v1/devices/{made['id']}", json={"disabled": True})
    assert answer.status_code == 422


async def test_a_change_may_not_take_anothers_uid(api: httpx.AsyncClient) -> None:
    await created(api, "one")
    two = await created(api, "two")
    answer = await api.patch(f"/v1/devices/{two['id']}", json={"uid": "one"})
    assert answer.status_code == 409
    kept = await api.patch(f"/v1/devices/{two['id']}", json={"uid": "two"})
    assert kept.status_code == 200


async def test_another_organisations_profile_does_not_exist(
    api: httpx.AsyncClient, other: Tenant, database: Database
) -> None:
    theirs = await make_profile(database, other, {})
    answer = await api.post("/v1/devices", json={"uid": "x", "profile": theirs.public_id})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_profile")


async def test_deleting_frees_the_uid_and_keeps_the_row(
    api: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    made = await created(api, tags=["a"])
    assert (await api.delete(f"/v1/devices/{made['id']}")).status_code == 204
    assert (await api.get(f"/v1/devices/{made['id']}")).status_code == 404
    assert (await api.delete(f"/v1/devices/{made['id']}")).status_code == 404
    assert (await api.get("/v1/devices")).json()["items"] == []
    again = await created(api)
    assert again["id"] != made["id"]
    async with database.read() as session:
        rows = (await session.scalars(scoped(tenant.id, select(Device)))).all()
    assert sorted(row.public_id for row in rows) == sorted([made["id"], again["id"]])
    revoked = [row.revoked_at is not None for row in await credentials(database, tenant)]
    assert sorted(revoked) == [False, True]


async def test_rotating_ends_the_old_token(
    api: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    made = await created(api)
    answer = await api.post(f"/v1/devices/{made['id']}/token")
    assert answer.status_code == 200
    valid = [
        row.token_hash for row in await credentials(database, tenant) if row.revoked_at is None
    ]
    assert valid == [digest(answer.json()["token"])]


async def test_a_device_is_disabled_and_enabled(api: httpx.AsyncClient) -> None:
    made = await created(api)
    disabled = await api.post(f"/v1/devices/{made['id']}/disable")
    again = await api.post(f"/v1/devices/{made['id']}/disable")
    assert (disabled.json()["disabled"], again.json()["disabled"]) == (True, True)
    enabled = await api.post(f"/v1/devices/{made['id']}/enable")
    assert enabled.json()["disabled"] is False


async def test_ingest_hears_of_every_change_once_it_is_committed(
    api: httpx.AsyncClient, tenant: Tenant, services: Services
) -> None:
    heard = await services.bus.subscribe(f"device:{tenant.public_id}")
    made = await created(api)
    await api.patch(f"/v1/devices/{made['id']}", json={"name": "x"})
    await api.patch(f"/v1/devices/{made['id']}", json={"name": "x"})
    await api.post(f"/v1/devices/{made['id']}/disable")
    await api.post(f"/v1/devices/{made['id']}/enable")
    await api.post(f"/v1/devices/{made['id']}/token")
    await api.delete(f"/v1/devices/{made['id']}")
    for _ in range(6):
        message = await heard.get(5)
        assert message is not None
        assert json.loads(message.data) == {"devices": [made["id"]], "all": False}
    assert await heard.get(0.01) is None


async def test_every_change_is_in_the_audit_without_a_secret(
    api: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    made = await created(api, tags=["a"])
    await api.patch(f"/v1/devices/{made['id']}", json={"name": "new"})
    await api.post(f"/v1/devices/{made['id']}/token")
    await api.delete(f"/v1/devices/{made['id']}")
    async with database.read() as session:
        entries = (
            await session.scalars(scoped(tenant.id, select(AuditEntry)).order_by(AuditEntry.id))
        ).all()
    assert [entry.action for entry in entries] == [
        "device.create",
        "device.change",
        "device.rotate_token",
        "device.delete",
    ]
    assert {entry.target for entry in entries} == {made["id"]}
    assert (entries[1].before, entries[1].after) == ({"name": ""}, {"name": "new"})
    assert "dt_" not in json.dumps([[entry.before, entry.after] for entry in entries])


class TestList:
    async def test_it_goes_from_page_to_page_in_order(
        self, api: httpx.AsyncClient, tenant: Tenant, database: Database
    ) -> None:
        made = [(await make_device(database, tenant)).public_id for _ in range(5)]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await api.get("/v1/devices", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
        assert seen == made

    async def test_a_page_goes_on_behind_a_device_that_was_deleted_meanwhile(
        self, api: httpx.AsyncClient, tenant: Tenant, database: Database
    ) -> None:
        made = [(await make_device(database, tenant)).public_id for _ in range(3)]
        first = (await api.get("/v1/devices", params={"limit": 1})).json()
        await api.delete(f"/v1/devices/{made[0]}")
        second = (await api.get("/v1/devices", params={"cursor": first["next"]})).json()
        assert [item["id"] for item in second["items"]] == made[1:]

    @pytest.mark.parametrize(
        ("params", "found"),
        [
            ({"tag": "red"}, ["a", "b"]),
            ({"tag": ["red", "big"]}, ["b"]),
            ({"tag": "none"}, []),
            ({"disabled": "true"}, ["c"]),
            ({"disabled": "false"}, ["a", "b", "x%y"]),
            ({"uid": "a"}, ["a"]),
            ({"q": "ALPHA"}, ["a"]),
            ({"q": "%"}, ["x%y"]),
            ({"q": "_"}, []),
            ({"online": "true"}, ["a"]),
            ({"online": "false"}, ["b", "c", "x%y"]),
            ({"profile": "prf_none"}, []),
            ({"tag": "red", "online": "true", "q": "alp"}, ["a"]),
        ],
    )
    async def test_it_is_filtered(
        self,
        api: httpx.AsyncClient,
        database: Database,
        params: dict[str, Any],
        found: list[str],
    ) -> None:
        ids = [
            (await created(api, "a", name="Alpha", tags=["red"]))["id"],
            (await created(api, "b", tags=["red", "big"]))["id"],
            (await created(api, "c"))["id"],
            (await created(api, "x%y"))["id"],
        ]
        await api.post(f"/v1/devices/{ids[2]}/disable")
        now = SystemClock().now_ms()
        await see(database, ids[0], online=True, last_seen=now)
        await see(database, ids[1], online=True, last_seen=now - 601_000)
        page = (await api.get("/v1/devices", params=params)).json()
        assert [item["uid"] for item in page["items"]] == found

    async def test_it_is_filtered_by_profile(
        self, api: httpx.AsyncClient, tenant: Tenant, database: Database
    ) -> None:
        profile = await make_profile(database, tenant, {})
        await make_device(database, tenant)
        device = await make_device(database, tenant, profile_id=profile.id)
        page = (await api.get("/v1/devices", params={"profile": profile.public_id})).json()
        assert [item["id"] for item in page["items"]] == [device.public_id]
        assert page["items"][0]["profile"] == profile.public_id

    async def test_a_cursor_of_another_query_is_refused(
        self, api: httpx.AsyncClient, tenant: Tenant, database: Database
    ) -> None:
        for _ in range(2):
            await make_device(database, tenant)
        cursor = (await api.get("/v1/devices", params={"limit": 1})).json()["next"]
        for params in ({"cursor": cursor, "tag": "a"}, {"cursor": "nonsense"}):
            assert (await api.get("/v1/devices", params=params)).status_code == 400
        answer = await api.get("/v1/profiles", params={"cursor": cursor})
        assert answer.status_code == 400

    async def test_a_cursor_of_another_organisation_is_refused(
        self, api: httpx.AsyncClient, tenant: Tenant, other: Tenant, database: Database
    ) -> None:
        for _ in range(2):
            await make_device(database, tenant)
        cursor = (await api.get("/v1/devices", params={"limit": 1})).json()["next"]
        answer = await api.get("/v1/devices", params={"cursor": cursor}, headers=other.headers)
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "params",
        [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"colour": "red"}, {"online": "maybe"}],
    )
    async def test_a_question_that_makes_no_sense_is_refused(
        self, api: httpx.AsyncClient, params: dict[str, Any]
    ) -> None:
        assert (await api.get("/v1/devices", params=params)).status_code == 422

    async def test_it_shows_nothing_of_another_organisation(
        self, api: httpx.AsyncClient, database: Database
    ) -> None:
        theirs = await make_tenant(database)
        device = await make_device(database, theirs)
        assert (await api.get("/v1/devices")).json()["items"] == []
        page = await api.get("/v1/devices", params={"uid": device.uid})
        assert page.json()["items"] == []


async def see(database: Database, public_id: str, *, online: bool, last_seen: int) -> None:
    """Let a device look as if ingest had seen it."""
    async with database.unit_of_work() as session:
        state = await session.scalar(
            select(DeviceState)  # unscoped: a test's own device
            .join(Device, Device.id == DeviceState.device_id)
            .where(Device.public_id == public_id)
        )
        assert state is not None
        state.online = online
        state.last_seen = last_seen

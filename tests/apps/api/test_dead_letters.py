import base64
from typing import Any

import httpx
import pytest

from shared.db import Database
from shared.web.services import Services
from tests.support.builders import MadeDevice, Tenant, make_device, make_profile
from tests.support.telemetry import store_dead_letter

T = 1_763_740_800_000


@pytest.fixture
async def device(database: Database, tenant: Tenant) -> MadeDevice:
    return await make_device(database, tenant)


async def ids(api: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await api.get("/v1/dead-letters", params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_letter_is_shown_clean_and_as_it_came(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    raw = b'\x1b[31m{"s":1}\xff' + b"x" * 2_000
    letter = await store_dead_letter(database, tenant, device, raw=raw)
    shown = (await api.get(f"/v1/dead-letters/{letter}")).json()
    assert base64.b64decode(shown["raw"]) == raw
    assert shown["text"].startswith('\\x1b[31m{"s":1}\\xffxxx')
    assert shown["size"] == len(raw)
    assert (shown["device"], shown["code"], shown["replayed"]) == (
        device.public_id,
        "out_of_range",
        None,
    )
    [listed] = (await api.get("/v1/dead-letters")).json()["items"]
    assert listed == {name: value for name, value in shown.items() if name != "raw"}


async def test_the_list_is_newest_first_and_limited(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    another = await make_device(database, tenant)
    one = await store_dead_letter(database, tenant, device, code="too_old")
    two = await store_dead_letter(database, tenant, another)
    three = await store_dead_letter(database, tenant, device)
    assert await ids(api) == [three, two, one]
    assert await ids(api, device=device.public_id) == [three, one]
    assert await ids(api, code="too_old") == [one]
    assert await ids(api, replayed=True) == []
    first = (await api.get("/v1/dead-letters", params={"limit": 2})).json()
    assert await ids(api, limit=2, cursor=first["next"]) == [one]


async def test_a_replay_stores_what_fits_now(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, services: Services
) -> None:
    profile = await make_profile(database, tenant, {"temp": {"type": "number", "max": 125}})
    device = await make_device(database, tenant, profile_id=profile.id)
    path = f"/v1/devices/{device.public_id}/readings"
    await api.post(path, json={"boot": 3, "s": 9, "t": T, "v": {"temp": 900}})
    [letter] = await ids(api)
    refused = await api.post(f"/v1/dead-letters/{letter}/replay")
    assert (refused.json()["status"], refused.json()["code"]) == ("rejected", "out_of_range")
    assert await ids(api, replayed=False) == [letter]
    await api.patch(f"/v1/profiles/{profile.public_id}", json={"metrics": {}})
    heard = await services.bus.subscribe(f"live:{tenant.public_id}")
    replayed = await api.post(f"/v1/dead-letters/{letter}/replay")
    assert replayed.json()["status"] == "stored"
    assert await heard.get(5) is not None
    again = await api.post(f"/v1/dead-letters/{letter}/replay")
    assert again.json()["status"] == "duplicate"
    assert (await api.get(path)).json()["items"] == [
        {"t": T, "boot": 3, "s": 9, "v": {"temp": 900}}
    ]
    # A replay that is rejected again makes no other letter.
    assert await ids(api, replayed=True) == await ids(api) == [letter]


async def test_a_letter_without_time_keeps_that_of_its_arrival(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    letter = await store_dead_letter(
        database, tenant, device, raw=b'{"s":5,"v":{"temp":1}}', received_ts=T
    )
    assert (await api.post(f"/v1/dead-letters/{letter}/replay")).json()["status"] == "stored"
    [reading] = (await api.get(f"/v1/devices/{device.public_id}/readings")).json()["items"]
    assert reading == {"t": T, "boot": 1, "s": 5, "v": {"temp": 1}}


async def test_many_are_replayed_page_by_page(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    raws = [b'{"s":%d,"t":%d,"v":{"n":1}}' % (n, T) for n in range(1, 4)]
    raws.insert(1, b"nonsense")
    made = [await store_dead_letter(database, tenant, device, raw=raw) for raw in raws]
    body: dict[str, Any] = {"limit": 2, "device": device.public_id, "code": "out_of_range"}
    first = (await api.post("/v1/dead-letters/replay", json=body)).json()
    assert [(item["id"], item["status"]) for item in first["items"]] == [
        (made[0], "stored"),
        (made[1], "rejected"),
    ]
    second = (
        await api.post("/v1/dead-letters/replay", json=body | {"cursor": first["next"]})
    ).json()
    assert (second["stored"], second["rejected"], second["next"]) == (2, 0, None)
    assert await ids(api, replayed=False) == [made[1]]


async def test_letters_are_replayed_by_id_and_those_of_others_left_out(
    api: httpx.AsyncClient,
    database: Database,
    tenant: Tenant,
    other: Tenant,
    device: MadeDevice,
) -> None:
    mine = await store_dead_letter(database, tenant, device)
    theirs = await store_dead_letter(database, other, await make_device(database, other))
    body = {"ids": [mine, theirs, "dl_none"]}
    done = (await api.post("/v1/dead-letters/replay", json=body)).json()
    assert [item["id"] for item in done["items"]] == [mine]


async def test_letters_of_a_deleted_device_stay_and_are_not_stored(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    letter = await store_dead_letter(database, tenant, device)
    await api.delete(f"/v1/devices/{device.public_id}")
    answer = (await api.post(f"/v1/dead-letters/{letter}/replay")).json()
    assert (answer["status"], answer["code"]) == ("rejected", "unknown_device")
    assert await ids(api) == [letter]


@pytest.mark.parametrize(
    "body",
    [{"ids": []}, {"ids": "all"}, {"ids": ["x"] * 201}, {"limit": 201}, {"everything": True}, []],
)
async def test_a_replay_that_makes_no_sense_is_refused(api: httpx.AsyncClient, body: Any) -> None:
    assert (await api.post("/v1/dead-letters/replay", json=body)).status_code == 422

from typing import Any

import httpx
import pytest

from shared.clock import SystemClock
from shared.db import Database
from shared.models import DeviceState
from tests.support.builders import MadeDevice, Tenant, make_device, make_profile
from tests.support.telemetry import store_readings

T = 1_763_740_800_000


@pytest.fixture
async def device(database: Database, tenant: Tenant) -> MadeDevice:
    return await make_device(database, tenant)


async def pages(api: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """The items of all pages."""
    items: list[dict[str, Any]] = []
    following: dict[str, str] | None = {}
    while following is not None:
        answer = await api.get(path, params=params | following)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next"]
        following = None if cursor is None else {"cursor": cursor}
    return items


async def test_values_come_back_exactly_as_stored(
    api: httpx.AsyncClient, database: Database, device: MadeDevice
) -> None:
    body = '{"a":0.1,"b":1e-7,"c":9007199254740991,"d":true,"e":"\\u00e4 ü","f":-0.0,"g":21.50}'
    await store_readings(database, device, [(T, 12, 4712, body)])
    answer = await api.get(f"/v1/devices/{device.public_id}/readings")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == f'{{"items":[{{"t":{T},"boot":12,"s":4712,"v":{body}}}],"next":null}}'


async def test_pages_hold_everything_once_in_either_order(
    api: httpx.AsyncClient, database: Database, device: MadeDevice
) -> None:
    # Several in one millisecond, over boots, so that every part of the key decides somewhere.
    keys = [(T + n // 4, n % 4 // 2, n % 2 + 1) for n in range(20)]
    await store_readings(database, device, [(*key, '{"n":1}') for key in keys])
    path = f"/v1/devices/{device.public_id}/readings"
    up = await pages(api, path, limit=3)
    down = await pages(api, path, limit=3, order="desc")
    assert [(item["t"], item["boot"], item["s"]) for item in up] == keys
    assert down == up[::-1]


async def test_the_span_holds_its_start_and_not_its_end(
    api: httpx.AsyncClient, database: Database, device: MadeDevice
) -> None:
    await store_readings(database, device, [(T + n, 1, 1, '{"n":1}') for n in range(4)])
    path = f"/v1/devices/{device.public_id}/readings"
    found = await pages(api, path, start="2025-11-21T16:00:00.001Z", end=T + 3)
    assert [item["t"] - T for item in found] == [1, 2]


async def test_a_cursor_belongs_to_its_span_order_and_device(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    await store_readings(database, device, [(T + n, 1, 1, '{"n":1}') for n in range(4)])
    another = await make_device(database, tenant)
    path = f"/v1/devices/{device.public_id}/readings"
    cursor = (await api.get(path, params={"limit": 1})).json()["next"]
    for params in ({"start": T}, {"end": T + 9}, {"order": "desc"}):
        assert (await api.get(path, params=params | {"cursor": cursor})).status_code == 400
    other_path = f"/v1/devices/{another.public_id}/readings"
    assert (await api.get(other_path, params={"cursor": cursor})).status_code == 400


@pytest.mark.parametrize(
    "params",
    [
        {"start": T, "end": T},
        {"start": T + 1, "end": T},
        {"start": "yesterday"},
        {"start": "2025-11-21T16:00:00"},
        {"start": -1},
        {"end": "9999-12-31T00:00:00Z"},
        {"limit": 1001},
        {"order": "up"},
        {"from": T},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, device: MadeDevice, params: dict[str, Any]
) -> None:
    answer = await api.get(f"/v1/devices/{device.public_id}/readings", params=params)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


async def test_latest_values_carry_their_time_and_unit(
    api: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    profile = await make_profile(database, tenant, {"temp": {"type": "number", "unit": "°C"}})
    device = await make_device(database, tenant, profile_id=profile.id)
    now = SystemClock().now_ms()
    async with database.unit_of_work() as session:
        state = await session.get_one(DeviceState, device.id)
        state.latest = {"temp": [21.5, T], "door": [False, T + 1], "mode": ["idle", T]}
        state.online, state.last_seen = True, now
    answer = await api.get(f"/v1/devices/{device.public_id}/latest")
    assert answer.json() == {
        "device": device.public_id,
        "online": True,
        "last_seen": now,
        "values": {
            "temp": {"value": 21.5, "t": T, "unit": "°C"},
            "door": {"value": False, "t": T + 1, "unit": None},
            "mode": {"value": "idle", "t": T, "unit": None},
        },
    }


async def test_a_device_that_sent_nothing_has_no_values(
    api: httpx.AsyncClient, device: MadeDevice
) -> None:
    answer = await api.get(f"/v1/devices/{device.public_id}/latest")
    assert answer.json()["values"] == {}
    assert (answer.json()["online"], answer.json()["last_seen"]) == (False, None)

from typing import Any

import httpx
import pytest

from shared.db import Database
from tests.support.builders import MadeDevice, Tenant, make_device
from tests.support.telemetry import store_event

T = 1_763_740_800_000


@pytest.fixture
async def device(database: Database, tenant: Tenant) -> MadeDevice:
    return await make_device(database, tenant)


async def test_an_event_comes_back_as_stored(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    data = {"member": "TAG-9", "kwh": "10.52", "minor": 473}
    await store_event(database, tenant, device, ts=T, name="session.completed", data=data)
    for path in ("/v1/events", f"/v1/devices/{device.public_id}/events"):
        assert (await api.get(path)).json() == {
            "items": [
                {
                    "device": device.public_id,
                    "t": T,
                    "boot": 1,
                    "s": 1,
                    "e": "session.completed",
                    "d": data,
                }
            ],
            "next": None,
        }


async def test_the_organisations_list_has_every_device_by_time(
    api: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    devices = [await make_device(database, tenant) for _ in range(2)]
    for n in range(6):
        await store_event(database, tenant, devices[n % 2], ts=T + n // 3, seq=n + 1)
    seen: list[tuple[int, int]] = []
    params: dict[str, Any] = {"limit": 2, "order": "desc"}
    for _ in range(3):
        page = (await api.get("/v1/events", params=params)).json()
        seen += [(item["t"] - T, item["s"]) for item in page["items"]]
        params["cursor"] = page["next"]
    assert params["cursor"] is None
    # By time, then device, then number, all backwards.
    assert seen == [(1, 6), (1, 4), (1, 5), (0, 2), (0, 3), (0, 1)]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"name": "door.opened"}, [1, 3]),
        ({"name": "door.shut"}, [2]),
        ({"name": "never"}, []),
        ({"start": T + 1}, [2, 3]),
        ({"end": T + 1}, [1]),
        ({"start": T + 1, "end": T + 2, "name": "door.shut"}, [2]),
    ],
)
async def test_lists_are_limited_by_name_and_time(
    *,
    api: httpx.AsyncClient,
    database: Database,
    tenant: Tenant,
    device: MadeDevice,
    params: dict[str, Any],
    found: list[int],
) -> None:
    for n, name in enumerate(("door.opened", "door.shut", "door.opened")):
        await store_event(database, tenant, device, ts=T + n, name=name, seq=n + 1)
    for path in ("/v1/events", f"/v1/devices/{device.public_id}/events"):
        items = (await api.get(path, params=params)).json()["items"]
        assert [item["s"] for item in items] == found


async def test_events_of_another_organisation_are_not_there(
    api: httpx.AsyncClient, database: Database, other: Tenant
) -> None:
    theirs = await make_device(database, other)
    await store_event(database, other, theirs, ts=T)
    assert (await api.get("/v1/events")).json()["items"] == []


@pytest.mark.parametrize(
    "params", [{"start": T, "end": T}, {"name": "Door"}, {"device": "x"}, {"order": "random"}]
)
async def test_a_question_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, params: dict[str, Any]
) -> None:
    assert (await api.get("/v1/events", params=params)).status_code == 422


async def test_a_cursor_of_one_list_is_none_of_the_other(
    api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
) -> None:
    for n in range(2):
        await store_event(database, tenant, device, ts=T + n)
    cursor = (await api.get("/v1/events", params={"limit": 1})).json()["next"]
    answer = await api.get(f"/v1/devices/{device.public_id}/events", params={"cursor": cursor})
    assert answer.status_code == 400

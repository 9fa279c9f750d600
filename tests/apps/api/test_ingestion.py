import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from apps.api.ingestion import router
from apps.api.main import create_app
from shared.clock import SystemClock
from shared.db import Database
from shared.settings import Settings
from shared.web.services import Services
from tests.support.builders import MadeDevice, Tenant, make_device, make_profile
from tests.support.http import served
from tests.support.until import until

T = 1_763_740_800_000
NDJSON = {"content-type": "application/x-ndjson"}
ROOM = {"temp": {"type": "number", "max": 125}}


@pytest.fixture
async def device(database: Database, tenant: Tenant) -> MadeDevice:
    profile = await make_profile(database, tenant, ROOM)
    return await make_device(database, tenant, profile_id=profile.id)


async def stored(api: httpx.AsyncClient, device: MadeDevice) -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/devices/{device.public_id}/readings", params={"limit": 1000})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def letters(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/v1/dead-letters")).json()["items"]
    return items


def reading(device: MadeDevice, s: int, temp: Any = 21.5, **more: Any) -> dict[str, Any]:
    return {"device": device.uid, "boot": 12, "s": s, "t": T + s, "v": {"temp": temp}} | more


class TestOne:
    async def test_a_reading_is_stored_once(
        self, api: httpx.AsyncClient, device: MadeDevice
    ) -> None:
        path = f"/v1/devices/{device.public_id}/readings"
        message = {"boot": 12, "s": 7, "t": T, "v": {"temp": 21.5}}
        first = await api.post(path, json=message)
        assert (first.status_code, first.json()["status"]) == (201, "stored")
        again = await api.post(path, json=message)
        assert (again.status_code, again.json()["status"]) == (200, "duplicate")
        assert {"t": T, "boot": 12, "s": 7}.items() <= again.json().items()
        assert await stored(api, device) == [message]

    async def test_without_a_number_its_time_and_content_tell_it_apart(
        self, api: httpx.AsyncClient, device: MadeDevice
    ) -> None:
        path = f"/v1/devices/{device.public_id}/readings"
        answers = [
            (await api.post(path, json={"t": at, "v": {"temp": temp}})).status_code
            for at, temp in ((T, 1), (T, 2), (T + 1, 1), (T, 1))
        ]
        assert answers == [201, 201, 201, 200]
        assert len(await stored(api, device)) == 3

    async def test_an_event_is_stored_too(self, api: httpx.AsyncClient, device: MadeDevice) -> None:
        path = f"/v1/devices/{device.public_id}/readings"
        data = {"by": "key 3"}
        answer = await api.post(path, json={"t": T, "e": "door.opened", "d": data})
        assert answer.status_code == 201
        [event] = (await api.get("/v1/events")).json()["items"]
        assert (event["e"], event["d"], event["device"]) == ("door.opened", data, device.public_id)

    async def test_it_is_the_latest_value_then(
        self, api: httpx.AsyncClient, device: MadeDevice
    ) -> None:
        now = SystemClock().now_ms()
        await api.post(f"/v1/devices/{device.public_id}/readings", json={"v": {"temp": 3}})
        latest = (await api.get(f"/v1/devices/{device.public_id}/latest")).json()
        assert latest["values"]["temp"]["value"] == 3
        assert latest["values"]["temp"]["t"] >= now
        assert latest["last_seen"] >= now

    async def test_what_does_not_fit_the_profile_is_a_dead_letter(
        self, api: httpx.AsyncClient, device: MadeDevice
    ) -> None:
        answer = await api.post(
            f"/v1/devices/{device.public_id}/readings", json={"t": T, "v": {"temp": 900}}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "out_of_range")
        assert answer.json()["detail"] == "temp 900 > 125"
        assert [letter["device"] for letter in await letters(api)] == [device.public_id]
        assert await stored(api, device) == []

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"nonsense",
            b"\xff\xfe",
            b"[]",
            b"{}",
            b'{"v":{"temp":1}',
            b'{"v":{"temp":NaN}}',
            b'{"v":{}}',
            b'{"v":{"temp":1},"v":{"temp":2}}',
            b'{"v":{"temp":1},"colour":1}',
            b'{"s":1,"v":{"temp":1}}',
            b'{"e":"Door"}',
            b'{"v":{"temp":1' + b"0" * 400 + b"}}",
            b'{"device":"another","v":{"temp":1}}',
            b'{"e":"deep","d":{"a":' + b"[" * 200 + b"]" * 200 + b"}}",
        ],
    )
    async def test_what_can_never_be_stored_is_refused(
        self, api: httpx.AsyncClient, device: MadeDevice, body: bytes
    ) -> None:
        answer = await api.post(f"/v1/devices/{device.public_id}/readings", content=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert await stored(api, device) == []

    async def test_a_message_that_is_too_long_is_refused(
        self, api: httpx.AsyncClient, device: MadeDevice
    ) -> None:
        answer = await api.post(f"/v1/devices/{device.public_id}/readings", content=b" " * 65_537)
        assert answer.status_code == 413

    async def test_a_disabled_device_may_not_send(
        self, api: httpx.AsyncClient, database: Database, tenant: Tenant
    ) -> None:
        device = await make_device(database, tenant, disabled=True)
        answer = await api.post(f"/v1/devices/{device.public_id}/readings", json={"v": {"temp": 1}})
        assert (answer.status_code, answer.json()["code"]) == (409, "device_disabled")

    async def test_it_is_seen_live_once_it_is_committed(
        self, api: httpx.AsyncClient, services: Services, tenant: Tenant, device: MadeDevice
    ) -> None:
        heard = await services.bus.subscribe(f"live:{tenant.public_id}")
        path = f"/v1/devices/{device.public_id}/readings"
        for _ in range(2):
            await api.post(path, json={"boot": 1, "s": 1, "t": T, "v": {"temp": 1}})
        message = await heard.get(5)
        assert message is not None
        assert json.loads(message.data)["r"] == [[device.public_id, T, 1, 1, {"temp": 1}]]
        assert await heard.get(0.01) is None


class TestList:
    async def test_each_message_has_its_own_outcome(
        self, api: httpx.AsyncClient, database: Database, tenant: Tenant, device: MadeDevice
    ) -> None:
        second = await make_device(database, tenant)
        disabled = await make_device(database, tenant, disabled=True)
        body = [
            reading(device, 1),
            reading(second, 1),
            reading(device, 1),
            reading(device, 2, 900),
            reading(disabled, 1),
            {"device": "nobody", "v": {"temp": 1}},
            {"v": {"temp": 1}},
            "text",
            reading(device, 3, colour="red"),
        ]
        answer = await api.post("/v1/readings", json=body)
        assert answer.status_code == 200, answer.text
        out = answer.json()
        assert (out["stored"], out["duplicate"], out["rejected"]) == (2, 1, 6)
        assert [(item["index"], item["code"]) for item in out["rejections"]] == [
            (3, "out_of_range"),
            (4, "unknown_device"),
            (5, "unknown_device"),
            (6, "bad_message"),
            (7, "bad_message"),
            (8, "bad_message"),
        ]
        assert len(await stored(api, device)) == 1
        # Only what names a device has one to be kept with.
        assert [letter["code"] for letter in await letters(api)] == ["bad_message", "out_of_range"]

    async def test_sent_again_nothing_changes(
        self, api: httpx.AsyncClient, device: MadeDevice
    ) -> None:
        body = [reading(device, s) for s in range(1, 401)]
        first = (await api.post("/v1/readings", json=body)).json()
        again = (await api.post("/v1/readings", json=body)).json()
        assert (first["stored"], first["duplicate"]) == (400, 0)
        assert (again["stored"], again["duplicate"]) == (0, 400)
        assert len(await stored(api, device)) == 400

    async def test_another_organisations_device_does_not_exist(
        self, api: httpx.AsyncClient, database: Database, other: Tenant
    ) -> None:
        theirs = await make_device(database, other)
        out = (await api.post("/v1/readings", json=[reading(theirs, 1)])).json()
        assert out["rejections"][0]["code"] == "unknown_device"

    @pytest.mark.parametrize(
        ("body", "kind", "status", "code"),
        [
            (b"", "application/json", 400, "not_json"),
            (b'[{"v":{}}', "application/json", 400, "not_json"),
            (b"\xff", "application/json", 400, "not_json"),
            (b"{}", "application/json", 422, "not_a_list"),
            (b"5", "application/json", 422, "not_a_list"),
            (b"[" + b"1," * 5_000 + b"1]", "application/json", 422, "not_a_list"),
            (b"[]", "text/plain", 415, "unsupported_media_type"),
        ],
    )
    async def test_what_is_no_list_is_refused_whole(
        self, api: httpx.AsyncClient, body: bytes, kind: str, status: int, code: str
    ) -> None:
        answer = await api.post("/v1/readings", content=body, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_a_list_of_nothing_is_nothing(self, api: httpx.AsyncClient) -> None:
        out = (await api.post("/v1/readings", json=[])).json()
        assert out == {"stored": 0, "duplicate": 0, "rejected": 0, "rejections": []}


class TestLines:
    async def test_lines_are_stored_as_they_come(
        self, api: httpx.AsyncClient, device: MadeDevice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(router, "LINES", 3)
        lines = [json.dumps(reading(device, s)).encode() for s in range(1, 9)]
        lines[2:2] = [b"", b"nonsense", b'{"device":"' + b"x" * 65_536 + b'"}']
        whole = b"\r\n".join(lines)

        async def blocks() -> AsyncIterator[bytes]:
            for at in range(0, len(whole), 1_000):
                yield whole[at : at + 1_000]

        out = (await api.post("/v1/readings", content=blocks(), headers=NDJSON)).json()
        assert (out["stored"], out["duplicate"], out["rejected"]) == (8, 0, 2)
        assert [(item["index"], item["code"]) for item in out["rejections"]] == [
            (3, "not_json"),
            (4, "too_long"),
        ]
        assert [item["s"] for item in await stored(api, device)] == list(range(1, 9))

    async def test_they_need_no_idempotency_key(self, api: httpx.AsyncClient) -> None:
        headers = NDJSON | {"Idempotency-Key": "x"}
        assert (await api.post("/v1/readings", content=b"", headers=headers)).status_code == 400


class TestBrokenOff:
    @pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
    async def test_a_body_that_breaks_off_is_the_senders_failure(
        self,
        *,
        settings: Settings,
        services: Services,
        tenant: Tenant,
        device: MadeDevice,
        kind: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        line = json.dumps(reading(device, 1)).encode() + b"\n"
        head = (
            f"POST /v1/readings HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {tenant.key}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: 100000\r\n\r\n"
        )
        caplog.set_level("INFO")
        async with served(create_app(settings, services)) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head.encode() + line)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            await until(lambda: "POST /v1/readings" in caplog.text, "the request's end")
        assert "POST /v1/readings 400" in caplog.text
        assert "failed" not in caplog.text

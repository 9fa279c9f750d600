import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from apps.dashboarding.live import repository
from apps.dashboarding.live.service import OPEN
from shared.clock import SystemClock
from shared.db import Database, scoped
from shared.models import ApiKey, ServiceAccount
from shared.web.services import Services
from tests.dashboarding.following import dashboard
from tests.support.builders import Tenant, make_device, make_tenant
from tests.support.databases import on_mariadb
from tests.support.until import until

# What is asked of the database, other tests ask both.
pytestmark = on_mariadb

T0 = 1_763_740_800_000
# No look at the database but the first: what comes, the bus brought.
ONLY_BUS: dict[str, Any] = {"stream_look_s": 3600}
# The bus brings nothing: what comes, a look brought.
OFTEN: dict[str, Any] = {"stream_look_s": 0.05}


async def _end_keys(database: Database, tenant: Tenant, **values: Any) -> None:
    async with database.unit_of_work() as session:
        await session.execute(scoped(tenant.id, update(ApiKey)).values(**values))


async def test_a_snapshot_comes_first_with_the_latest_values_of_all_devices(
    services: Services,
) -> None:
    tenant = await make_tenant(services.database)
    first = await make_device(services.database, tenant)
    second = await make_device(services.database, tenant)
    async with dashboard(services) as here:
        await here.commit(tenant, first, {"temp": [21.5, T0]}, online=True, boot=3, last_seq=9)
        async with here.follow(tenant) as stream:
            event = await stream.next()
    assert stream.media_type == "text/event-stream; charset=utf-8"
    assert event is not None
    assert event.name == "snapshot"
    assert (event.data["full"], event.data["last"]) == (True, True)
    assert [item["device"] for item in event.data["devices"]] == [
        first.public_id,
        second.public_id,
    ]
    assert event.data["devices"][0] | {"last_seen": 0} == {
        "device": first.public_id,
        "uid": first.uid,
        "online": True,
        "last_seen": 0,
        "boot": 3,
        "s": 9,
        "latest": {"temp": [21.5, T0]},
    }
    assert event.data["devices"][1]["latest"] == {}


async def test_a_frame_of_the_bus_follows(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with dashboard(services, **ONLY_BUS) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        await here.publish(tenant, [device.public_id, T0, 1, 1, {"temp": 21.5}])
        event = await stream.wait_for("readings")
    assert event.data == {"r": [[device.public_id, T0, 1, 1, {"temp": 21.5}]], "e": []}
    assert int(event.id) > 0


async def test_a_large_snapshot_comes_in_parts_that_cannot_be_gone_on_from(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "CHUNK", 2)
    tenant = await make_tenant(services.database)
    devices = [await make_device(services.database, tenant) for _ in range(5)]
    async with dashboard(services) as here, here.follow(tenant) as stream:
        parts = [await stream.wait_for("snapshot") for _ in range(3)]
    found = [item["device"] for part in parts for item in part.data["devices"]]
    assert found == [device.public_id for device in devices]
    assert [part.data["last"] for part in parts] == [False, False, True]
    assert [part.id for part in parts[:2]] == ["0", "0"]
    assert int(parts[2].id) > 0


async def test_coming_again_tells_only_what_changed_meanwhile(services: Services) -> None:
    tenant = await make_tenant(services.database)
    quiet = await make_device(services.database, tenant)
    busy = await make_device(services.database, tenant)
    async with dashboard(services, stream_late_ms=0) as here:
        await here.commit(tenant, quiet, {"temp": [1, T0]}, changed_ts=T0)
        async with here.follow(tenant) as stream:
            first = await stream.next()
        assert first is not None
        later = int(first.id) + 1
        await until(lambda: SystemClock().now_ms() > later)
        await here.commit(tenant, busy, {"temp": [2, T0]}, changed_ts=later)
        async with here.follow(tenant, last_id=first.id) as stream:
            again = await stream.next()
    assert again is not None
    assert (again.name, again.data["full"]) == ("snapshot", False)
    found = {item["device"]: item["latest"] for item in again.data["devices"]}
    assert found == {busy.public_id: {"temp": [2, T0]}}


async def test_a_change_that_became_visible_late_is_not_missed(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with dashboard(services, stream_late_ms=10_000) as here:
        async with here.follow(tenant) as stream:
            first = await stream.next()
        assert first is not None
        # Its transaction began before the snapshot was read and was committed after.
        before = SystemClock().now_ms() - 5_000
        await here.commit(tenant, device, {"temp": [2, T0]}, changed_ts=before)
        async with here.follow(tenant, last_id=first.id) as stream:
            assert await stream.snapshot() == {device.public_id: {"temp": [2, T0]}}


@pytest.mark.parametrize("last_id", ["0", "x", "-1", "9" * 14, "1763740800000; drop"])
async def test_an_id_that_is_not_ours_gets_everything(services: Services, last_id: str) -> None:
    tenant = await make_tenant(services.database)
    await make_device(services.database, tenant)
    async with dashboard(services) as here, here.follow(tenant, last_id=last_id) as stream:
        event = await stream.next()
    assert event is not None
    assert event.data["full"]
    assert len(event.data["devices"]) == 1


async def test_what_the_bus_does_not_say_the_database_does(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with dashboard(services, **OFTEN) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        await here.commit(tenant, device, {"temp": [1, T0], "door": [True, T0]})
        first = await stream.wait_for("changes")
        await here.commit(tenant, device, {"temp": [2, T0 + 1], "door": [True, T0]})
        second = await stream.wait_for("changes")
    assert first.data["devices"][0]["latest"] == {"temp": [1, T0], "door": [True, T0]}
    assert second.data["devices"][0]["latest"] == {"temp": [2, T0 + 1]}


async def test_what_the_bus_said_the_database_does_not_repeat(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with dashboard(services, **OFTEN) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        await here.commit(tenant, device, {"temp": [1, T0], "door": [True, T0]})
        await stream.wait_for("changes")
        await here.publish(tenant, [device.public_id, T0 + 1, 1, 2, {"temp": 2}])
        await here.commit(tenant, device, {"temp": [2, T0 + 1], "door": [True, T0]})
        await stream.wait_for("readings")
        await here.commit(tenant, device, {"temp": [2, T0 + 1], "door": [False, T0 + 2]})
        event = await stream.wait_for("changes")
    assert event.data["devices"][0]["latest"] == {"door": [False, T0 + 2]}


async def test_a_device_that_goes_offline_is_told(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with dashboard(services, **OFTEN) as here:
        await here.commit(tenant, device, {"temp": [1, T0]}, online=True)
        async with here.follow(tenant) as stream:
            await stream.wait_for("changes")
            await here.commit(tenant, device, {"temp": [1, T0]}, online=False)
            event = await stream.wait_for("changes")
    assert (event.data["devices"][0]["online"], event.data["devices"][0]["latest"]) == (False, {})


async def test_messages_that_were_dropped_make_it_look_at_once(services: Services) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with dashboard(services, **ONLY_BUS) as here:
        await here.commit(tenant, device, {"temp": [1, T0]})
        async with here.follow(tenant) as stream:
            await stream.wait_for("changes")  # the first look was had
            await here.commit(tenant, device, {"temp": [2, T0]})
            hub, _ = here.app.state.live._hubs._hubs[tenant.id]
            hub.feed.gaps += 1
            await here.publish(tenant, ["dev_x", T0, 1, 1, {}])
            event = await stream.wait_for("changes")
    assert event.data["devices"][0]["latest"] == {"temp": [2, T0]}


async def test_a_database_that_fails_is_asked_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    changed = repository.changed
    calls = 0

    async def fails_twice(*args: Any) -> dict[int, int]:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise OperationalError("SELECT", {}, Exception("gone away"))
        return await changed(*args)

    monkeypatch.setattr(repository, "changed", fails_twice)
    async with dashboard(services, **OFTEN) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        await here.commit(tenant, device, {"temp": [1, T0]})
        await stream.wait_for("changes")
    assert calls > 2


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"r":[[1]]}', b"\xff"])
async def test_what_is_no_frame_is_passed_over(services: Services, data: bytes) -> None:
    tenant = await make_tenant(services.database)
    async with dashboard(services, **ONLY_BUS) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        await services.bus.publish(f"live:{tenant.public_id}", data)
        await here.publish(tenant, ["dev_a", T0, 1, 1, {"temp": 1}])
        event = await stream.wait_for("readings")
    assert event.data["r"][0][0] == "dev_a"


async def test_a_frame_with_line_ends_stays_one_event(services: Services) -> None:
    tenant = await make_tenant(services.database)
    async with dashboard(services, **ONLY_BUS) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        frame = {"r": [["dev_a", T0, 1, 1, {"text": "a\nb"}]], "e": []}
        data = json.dumps(frame, indent=1).encode()
        await services.bus.publish(f"live:{tenant.public_id}", data)
        event = await stream.wait_for("readings")
    assert event.data == frame


async def test_a_stream_may_be_of_some_devices_only(services: Services) -> None:
    tenant = await make_tenant(services.database)
    one = await make_device(services.database, tenant)
    two = await make_device(services.database, tenant)
    async with (
        dashboard(services, **ONLY_BUS) as here,
        here.follow(tenant, device=one.public_id) as stream,
    ):
        snapshot = await stream.snapshot()
        await here.publish(tenant, [two.public_id, T0, 1, 1, {"n": 1}])
        await here.publish(
            tenant, [two.public_id, T0, 1, 2, {"n": 2}], [one.public_id, T0, 1, 3, {"n": 3}]
        )
        event = await stream.wait_for("readings")
    assert list(snapshot) == [one.public_id]
    assert event.data["r"] == [[one.public_id, T0, 1, 3, {"n": 3}]]


async def test_another_organisation_hears_nothing(services: Services) -> None:
    tenant = await make_tenant(services.database)
    other = await make_tenant(services.database)
    device = await make_device(services.database, other)
    async with dashboard(services, **OFTEN) as here:
        refused = await here.get(tenant, device=device.public_id)
        async with here.follow(tenant) as stream:
            snapshot = await stream.snapshot()
            await here.commit(other, device, {"temp": [1, T0]})
            await here.publish(other, [device.public_id, T0, 1, 1, {"temp": 1}])
            await here.publish(tenant, ["dev_mine", T0, 1, 1, {"temp": 1}])
            event = await stream.next()
    assert (refused.status_code, refused.json()["code"]) == (404, "no_such_device")
    assert snapshot == {}
    assert event is not None
    assert (event.name, event.data["r"][0][0]) == ("readings", "dev_mine")


async def test_a_silent_stream_has_comments(services: Services) -> None:
    tenant = await make_tenant(services.database)
    async with (
        dashboard(services, stream_comment_s=0.05) as here,
        here.follow(tenant) as stream,
    ):
        await stream.snapshot()
        await stream.comment()
        await stream.comment()


@pytest.mark.parametrize(
    "ended",
    [
        {"revoked_at": SystemClock().now()},
        {"expires_at": SystemClock().now() - timedelta(seconds=1)},
        {"scopes": ["devices:read"]},
    ],
)
async def test_a_key_that_ends_ends_its_streams(services: Services, ended: Any) -> None:
    tenant = await make_tenant(services.database)
    async with dashboard(services, stream_key_s=0.05) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        await _end_keys(services.database, tenant, **ended)
        event = await stream.wait_for("end")
        after = await stream.next()
    assert event.data == {"reason": "key"}
    assert int(event.id) > 0
    assert after is None


async def test_a_process_that_goes_away_ends_its_streams_and_takes_no_more(
    services: Services,
) -> None:
    tenant = await make_tenant(services.database)
    own = replace(services)
    async with dashboard(own) as here:
        async with here.follow(tenant) as stream:
            await stream.snapshot()
            own.draining = True
            event = await stream.wait_for("end")
            assert await stream.next() is None
        refused = await here.get(tenant)
    assert event.data == {"reason": "draining"}
    assert refused.status_code == 503


async def test_streams_at_once_are_bounded(services: Services) -> None:
    tenant = await make_tenant(services.database)
    other = await make_tenant(services.database)
    third = await make_tenant(services.database)
    async with (
        dashboard(services, streams=2, streams_each=1) as here,
        here.follow(tenant) as one,
        here.follow(other) as two,
    ):
        await one.snapshot()
        await two.snapshot()
        share = await here.get(tenant)
        full = await here.get(third)
    assert (share.status_code, full.status_code) == (429, 503)
    assert "retry-after" in full.headers


async def test_a_reader_that_goes_leaves_nothing_behind(services: Services) -> None:
    tenant = await make_tenant(services.database)
    async with dashboard(services) as here:
        live = here.app.state.live
        before = OPEN._value.get()
        async with here.follow(tenant) as stream:
            await stream.snapshot()
            assert OPEN._value.get() == before + 1
        await until(lambda: live.slots.taken == 0, "the slot's return")
        await until(lambda: not live._hubs._hubs, "the hub's end")
        assert OPEN._value.get() == before


async def test_a_reader_that_falls_behind_is_cut_off(services: Services) -> None:
    tenant = await make_tenant(services.database)
    bounds: dict[str, Any] = {"stream_queue": 5, "stream_stall_s": 0.3}
    async with dashboard(services, **ONLY_BUS, **bounds) as here:
        live = here.app.state.live
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port, limit=1024)
        head = f"GET /v1/live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {tenant.key}\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        await until(lambda: live.slots.taken == 1)

        async def flooded() -> bool:
            await here.publish(tenant, ["dev_a", T0, 1, 1, {"text": "x" * 100_000}])
            taken: int = live.slots.taken
            return taken == 0

        await until(flooded, "the reader's end")
        writer.close()


async def test_an_idle_stream_holds_no_connection(services: Services) -> None:
    tenant = await make_tenant(services.database)
    async with dashboard(services, **ONLY_BUS) as here, here.follow(tenant) as stream:
        await stream.snapshot()
        pool: Any = services.database.engine.pool
        await until(lambda: pool.checkedout() == 0, "the connection's return")


async def test_a_key_of_a_disabled_account_follows_no_longer(services: Services) -> None:
    tenant, now = await make_tenant(services.database), SystemClock().now()
    account = ServiceAccount(org_id=tenant.id, name="display", created_at=now)
    async with services.database.unit_of_work() as session:
        session.add(account)
        await session.flush()
        key = await session.scalar(scoped(tenant.id, select(ApiKey.id)))
    assert key is not None
    await _end_keys(services.database, tenant, service_account_id=account.id)
    assert await repository.holding(services.database, tenant.id, [key], now) == {key}
    async with services.database.unit_of_work() as session:
        disabled = update(ServiceAccount).values(disabled_at=now)
        await session.execute(scoped(tenant.id, disabled))
    assert await repository.holding(services.database, tenant.id, [key], now) == set()

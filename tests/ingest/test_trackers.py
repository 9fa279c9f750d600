"""Teltonika trackers on a running server: what is answered is committed, and stands there once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, update

from apps.fleet.avl import Fix, packet
from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.devices import news
from shared.models import DeadLetter, Device, DeviceState, Reading, UsageHour
from tests.ingest.conftest import Start
from tests.support.builders import MadeDevice, Tenant, make_device, make_profile, make_tenant
from tests.support.servers import free_port
from tests.support.trackers import Tracker, any_imei, hello, make_tracker, tracker
from tests.support.wire import wire

NOW = SystemClock().now_ms()


def fixes(count: int, first: int = 0) -> list[Fix]:
    return [
        Fix(t=NOW - 100_000 + n, lat=54.7146368, lon=25.3032245, speed=n % 90, io={239: 1})
        for n in range(first, first + count)
    ]


async def stored(database: Database, device: MadeDevice) -> list[Reading]:
    async with database.read() as session:
        wanted = select(Reading).where(Reading.device_id == device.id)
        return list((await session.scalars(wanted.order_by(Reading.ts))).all())


async def letters(database: Database, device: MadeDevice) -> list[DeadLetter]:
    async with database.read() as session:
        wanted = select(DeadLetter).where(DeadLetter.device_id == device.id)
        return list((await session.scalars(wanted.order_by(DeadLetter.id))).all())


async def used(database: Database, tenant: Tenant) -> int:
    async with database.read() as session:
        counted = select(func.sum(UsageHour.count)).where(UsageHour.org_id == tenant.id)
        return int(await session.scalar(counted) or 0)


async def come_in(line: Tracker, device: MadeDevice) -> None:
    assert await line.hello(device.uid) == b"\x01"


async def test_what_is_counted_in_the_answer_is_committed(start: Start, database: Database) -> None:
    device = await make_tracker(database, await make_tenant(database))
    fix = Fix(
        t=NOW, lat=54.7146368, lon=25.3032245, alt=111, angle=214, satellites=7, speed=42,
        priority=1, event=239, io={239: 1, 66: 12_345, 11: 2**60, 385: b"\x01\xab"},
    )  # fmt: skip
    async with start(teltonika_port=free_port()) as server, tracker(server.teltonika_port) as line:
        await come_in(line, device)
        await line.send(packet([fix]))
        assert await line.taken() == 1
        (row,) = await stored(database, device)
    assert row.ts == NOW
    assert row.body == {
        "lat": 54.7146368, "lon": 25.3032245, "alt": 111, "angle": 214, "sat": 7, "speed": 42,
        "prio": 1, "event": 239, "io.239": 1, "io.66": 12_345, "io.11": "1000000000000000",
        "io.385": "01ab",
    }  # fmt: skip


async def test_what_is_sent_again_is_answered_again_stored_once_and_counted_once(
    start: Start, database: Database
) -> None:
    tenant = await make_tenant(database)
    device = await make_tracker(database, tenant)
    async with start(teltonika_port=free_port()) as server:
        for first in (0, 0, 5):
            async with tracker(server.teltonika_port) as line:
                await come_in(line, device)
                await line.send(packet(fixes(10, first)), packet(fixes(10, first)))
                assert (await line.taken(), await line.taken()) == (10, 10)
    assert len(await stored(database, device)) == 15
    assert await used(database, tenant) == 15


async def test_another_process_knows_what_was_stored_before(
    start: Start, database: Database
) -> None:
    tenant = await make_tenant(database)
    device = await make_tracker(database, tenant)
    for _ in range(2):
        async with (
            start(teltonika_port=free_port()) as server,
            tracker(server.teltonika_port) as line,
        ):
            await come_in(line, device)
            await line.send(packet(fixes(3)))
            assert await line.taken() == 3
    assert len(await stored(database, device)) == 3
    assert await used(database, tenant) == 3


async def test_two_records_of_one_time_are_two_readings(start: Start, database: Database) -> None:
    device = await make_tracker(database, await make_tenant(database))
    async with start(teltonika_port=free_port()) as server, tracker(server.teltonika_port) as line:
        await come_in(line, device)
        await line.send(packet([Fix(t=NOW, io={1: 0}), Fix(t=NOW, io={1: 1})]))
        assert await line.taken() == 2
    assert {row.body["io.1"] for row in await stored(database, device)} == {0, 1}


async def test_a_wrong_checksum_is_answered_none_and_nothing_of_it_is_stored(
    start: Start, database: Database
) -> None:
    device = await make_tracker(database, await make_tenant(database))
    good = packet(fixes(2))
    async with start(teltonika_port=free_port()) as server, tracker(server.teltonika_port) as line:
        await come_in(line, device)
        await line.send(good[:-1] + bytes([good[-1] ^ 1]))
        assert await line.taken() == 0
        assert await stored(database, device) == []
        await line.send(good)
        assert await line.taken() == 2


async def test_what_can_never_be_stored_is_a_dead_letter_once_and_counts_as_taken(
    start: Start, database: Database
) -> None:
    tenant = await make_tenant(database)
    profile = await make_profile(database, tenant, {"speed": {"type": "number", "max": 200}})
    device = await make_tracker(database, tenant, profile_id=profile.id)
    records = [Fix(t=NOW), Fix(t=NOW + 1, speed=999), Fix(t=NOW + 86_400_000)]
    async with start(teltonika_port=free_port()) as server:
        for _ in range(2):
            async with tracker(server.teltonika_port) as line:
                await come_in(line, device)
                await line.send(packet(records))
                assert await line.taken() == 3
    assert [row.code for row in await letters(database, device)] == ["out_of_range", "future"]
    assert len(await stored(database, device)) == 1
    assert await used(database, tenant) == 1


async def test_an_unknown_imei_is_refused_and_cut(start: Start, database: Database) -> None:
    tenant = await make_tenant(database)
    with_a_token = await make_device(database, tenant, any_imei())
    async with start(teltonika_port=free_port()) as server:
        for imei in (any_imei(), with_a_token.uid):
            async with tracker(server.teltonika_port) as line:
                assert await line.hello(imei) == b"\x00"
                assert await line.closed()


async def test_unknown_imeis_are_answered_late_after_the_allowed(
    start: Start, database: Database
) -> None:
    device = await make_tracker(database, await make_tenant(database))
    async with start(teltonika_port=free_port(), wrong_tokens=1) as server:
        port = server.teltonika_port
        loop = asyncio.get_running_loop()
        async with tracker(port) as first, tracker(port) as second, tracker(port) as known:
            await first.hello(any_imei())
            began = loop.time()
            assert await second.hello(any_imei()) == b"\x00"
            assert loop.time() - began > 0.09
            # Whoever is registered comes in from there all the same.
            await come_in(known, device)


async def test_a_tracker_cannot_come_in_as_a_device_of_lines(
    start: Start, database: Database
) -> None:
    device = await make_tracker(database, await make_tenant(database))
    async with start() as server, wire(server.port) as line:
        assert await line.hello(device) == {"error": "bad_hello"}
    async with start() as server, wire(server.port) as line:
        await line.send({"hello": 1, "device": device.uid, "token": device.uid, "boot": 1})
        assert await line.read() == {"error": "unauthorized"}


@pytest.mark.parametrize(
    ("networks", "more", "answer"),
    [
        (["127.0.0.0/8"], {}, b"\x01"),
        (["10.0.0.0/8", "2001:db8::/32"], {}, b"\x00"),
        # Behind something that hides addresses nobody can say where it comes from.
        (["127.0.0.0/8"], {"by_address": False}, b"\x00"),
    ],
)
async def test_it_comes_from_its_networks_only(
    start: Start,
    database: Database,
    networks: list[str],
    more: dict[str, Any],
    answer: bytes,
) -> None:
    device = await make_tracker(database, await make_tenant(database), networks=networks)
    async with (
        start(teltonika_port=free_port(), **more) as server,
        tracker(server.teltonika_port) as line,
    ):
        assert await line.hello(device.uid) == answer


async def test_a_disabled_one_is_refused(start: Start, database: Database) -> None:
    device = await make_tracker(database, await make_tenant(database), disabled=True)
    async with start(teltonika_port=free_port()) as server, tracker(server.teltonika_port) as line:
        assert await line.hello(device.uid) == b"\x00"


async def test_one_whose_networks_change_is_cut_at_once(
    start: Start, database: Database, bus: MemoryBus
) -> None:
    tenant = await make_tenant(database)
    device = await make_tracker(database, tenant)
    async with start(teltonika_port=free_port()) as server, tracker(server.teltonika_port) as line:
        await come_in(line, device)
        async with database.unit_of_work() as session:
            await session.execute(
                update(Device).where(Device.id == device.id).values(networks=["10.0.0.0/8"])
            )
        await bus.publish(*news(tenant.public_id, [device.public_id]))
        assert await line.closed()


async def test_the_newer_connection_of_a_tracker_replaces_the_older(
    start: Start, database: Database
) -> None:
    device = await make_tracker(database, await make_tenant(database))
    async with (
        start(teltonika_port=free_port()) as server,
        tracker(server.teltonika_port) as older,
        tracker(server.teltonika_port) as newer,
    ):
        await come_in(older, device)
        await come_in(newer, device)
        assert await older.closed()
        await newer.send(packet(fixes(1)))
        assert await newer.taken() == 1
        async with database.read() as session:
            state = await session.get_one(DeviceState, device.id)
        assert state.online


async def test_a_packet_in_pieces_and_several_at_once_are_answered_in_order(
    start: Start, database: Database
) -> None:
    device = await make_tracker(database, await make_tenant(database))
    whole = packet(fixes(1)) + packet(fixes(2, 1)) + packet(fixes(3, 3))
    async with start(teltonika_port=free_port()) as server, tracker(server.teltonika_port) as line:
        await line.send(hello(device.uid)[:5])
        await line.send(hello(device.uid)[5:])
        assert await line.read(1) == b"\x01"
        for cut in range(0, len(whole), 50):
            await line.send(whole[cut : cut + 50])
        assert [await line.taken() for _ in range(3)] == [1, 2, 3]


async def test_what_is_held_is_committed_and_answered_when_the_server_goes_away(
    start: Start, database: Database
) -> None:
    device = await make_tracker(database, await make_tenant(database))
    async with start(teltonika_port=free_port()) as server, tracker(server.teltonika_port) as line:
        await come_in(line, device)
        await line.send(packet(fixes(20)))
        leaving = asyncio.create_task(server.drain())
        answered = await line.reader.read(4)
        line.writer.close()
        await leaving
    assert len(await stored(database, device)) == int.from_bytes(answered)


async def test_without_its_port_nobody_listens(start: Start) -> None:
    async with start() as server:
        assert server.teltonika_port == 0

import asyncio
import socket
import struct
from typing import Any

import pytest
from sqlalchemy import select, text, update

from apps.ingest.protocol.errors import Ending
from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.models import DeadLetter, Device, DeviceCredential, DeviceState, Reading
from shared.readings.store import Store
from tests.ingest.conftest import Start
from tests.support.builders import MadeDevice, make_device, make_profile, make_tenant
from tests.support.until import until
from tests.support.wire import Wire, hello, wire


async def a_device(database: Database, **more: Any) -> MadeDevice:
    return await make_device(database, await make_tenant(database), **more)


async def stored(database: Database, device: MadeDevice) -> list[Reading]:
    async with database.read() as session:
        wanted = select(Reading).where(Reading.device_id == device.id)
        return list((await session.scalars(wanted.order_by(Reading.boot, Reading.seq))).all())


async def state_of(database: Database, device: MadeDevice) -> DeviceState:
    async with database.read() as session:
        state = await session.get(DeviceState, device.id)
    assert state is not None
    return state


async def test_an_acknowledged_reading_is_a_committed_row(start: Start, database: Database) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        welcome = await line.hello(device, boot=12, fw="2.4.1")
        assert (welcome["ok"], welcome["boot"], welcome["last"]) == (1, 12, 0)
        assert (welcome["window"], welcome["idle"]) == (256, 300)
        await line.send({"s": 7, "t": 1763740801000, "v": {"temp": 21.5, "door": False}})
        assert await line.read() == {"a": 7}
        (row,) = await stored(database, device)
    assert (row.boot, row.seq, row.ts) == (12, 7, 1763740801000)
    assert row.body == {"temp": 21.5, "door": False}


async def test_a_whole_session_may_be_piped_in(start: Start, database: Database) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.send(hello(device), {"s": 1, "v": {"temp": 1}}, {"s": 2, "v": {"temp": 2}})
        line.writer.write_eof()
        assert (await line.read())["ok"] == 1
        await line.acked(2)
        assert await line.closed()
    assert len(await stored(database, device)) == 2


async def test_last_is_the_highest_committed_number_of_the_boot(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start() as server:
        async with wire(server.port) as line:
            await line.hello(device, boot=5)
            await line.send({"s": 4, "v": {"temp": 1}}, {"s": 9, "v": {"temp": 1}})
            await line.acked(9)
        async with wire(server.port) as line:
            assert (await line.hello(device, boot=5))["last"] == 9
        async with wire(server.port) as line:
            assert (await line.hello(device, boot=6))["last"] == 0


async def test_what_is_sent_again_is_acknowledged_again_and_stored_once(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start() as server:
        for _ in range(3):
            async with wire(server.port) as line:
                await line.hello(device)
                await line.send(*({"s": n, "v": {"temp": n}} for n in range(1, 51)))
                await line.acked(50)
    assert len(await stored(database, device)) == 50


async def test_a_rejected_message_is_kept_and_the_ack_moves_past_it(
    start: Start, database: Database
) -> None:
    tenant = await make_tenant(database)
    metrics = {"temp": {"type": "number", "unit": "°C", "min": -40, "max": 125}}
    profile = await make_profile(database, tenant, metrics)
    device = await make_device(database, tenant, profile_id=profile.id)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send({"s": 1, "v": {"temp": 900}}, b"nonsense\xff\n", {"s": 2, "v": {"temp": 9}})
        rejections = await line.acked(2)
    assert [(item["n"], item["code"]) for item in rejections] == [
        (1, "out_of_range"),
        (0, "not_json"),
    ]
    assert rejections[0]["detail"] == "temp 900 > 125"
    async with database.read() as session:
        dead = (
            await session.scalars(select(DeadLetter).where(DeadLetter.device_id == device.id))
        ).all()
    assert [row.raw for row in dead] == [b'{"s": 1, "v": {"temp": 900}}', b"nonsense\xff"]
    assert [row.seq for row in await stored(database, device)] == [2]


@pytest.mark.parametrize(
    "first",
    [
        b"\n",
        b"GET / HTTP/1.1\r\n",
        b'{"s":1,"v":{"temp":1}}\n',
        b"\x16\x03\x01\x02\x00\n",
        b'{"hello":2,"device":"d","token":"t","boot":1}\n',
        b'{"hello":1,"device":"d","token":"t","boot":-1}\n',
        b"x" * 70_000,
    ],
)
async def test_what_is_no_hello_is_refused(start: Start, first: bytes) -> None:
    async with start() as server, wire(server.port) as line:
        await line.send(first)
        assert await line.read() == {"error": "bad_hello"}
        assert await line.closed()


async def test_an_unknown_device_and_a_wrong_token_get_the_same_answer(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    other = await a_device(database)
    wrong = MadeDevice(device.id, device.public_id, device.uid, other.token)
    unknown = MadeDevice(0, "", "nobody", "dt_nothing")
    async with start() as server:
        for stranger in (wrong, unknown):
            async with wire(server.port) as line:
                assert await line.hello(stranger) == {"error": "unauthorized"}
                assert await line.closed()


async def test_a_disabled_device_is_told_so(start: Start, database: Database) -> None:
    device = await a_device(database, disabled=True)
    async with start() as server, wire(server.port) as line:
        assert await line.hello(device) == {"error": "disabled"}


async def test_a_device_without_hello_is_closed_in_time(start: Start) -> None:
    async with start(hello_s=0.2) as server, wire(server.port) as line:
        await line.send(b'{"hel')
        assert await line.read() == {"error": "bad_hello"}
        assert await line.closed()


async def test_a_silent_device_is_closed_and_offline(start: Start, database: Database) -> None:
    device = await a_device(database)
    async with start(idle_s=1) as server, wire(server.port) as line:
        await line.hello(device)
        assert (await state_of(database, device)).online
        # One byte at a time is no line.
        await line.send(b"{")
        assert await line.read() == {"error": "idle"}
        await until(lambda: offline(database, device))


async def offline(database: Database, device: MadeDevice) -> bool:
    return not (await state_of(database, device)).online


async def test_a_second_connection_replaces_the_first(start: Start, database: Database) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as first, wire(server.port) as second:
        await first.hello(device)
        await first.send({"s": 1, "v": {"temp": 1}})
        await first.acked(1)
        assert (await second.hello(device))["last"] == 1
        assert await first.read() == {"error": "replaced"}
        assert await first.closed()
        await second.send({"s": 2, "v": {"temp": 2}})
        await second.acked(2)
        assert (await state_of(database, device)).online


async def test_what_a_replaced_connection_sent_is_committed_and_disturbs_no_one(
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await a_device(database)
    released = asyncio.Event()
    commit = Store.commit

    async def late(*given: Any, **more: Any) -> Any:
        await released.wait()
        return await commit(*given, **more)

    async with start() as server, wire(server.port) as first, wire(server.port) as second:
        await first.hello(device)
        monkeypatch.setattr(Store, "commit", late)
        await first.send({"s": 1, "v": {"temp": 1}})
        await until(lambda: server.pipeline.held)
        await second.hello(device)
        assert await first.read() == {"error": "replaced"}
        released.set()
        await second.send({"s": 2, "v": {"temp": 2}})
        await second.acked(2)
    assert [row.seq for row in await stored(database, device)] == [1, 2]


async def test_a_number_that_does_not_rise_ends_the_connection_after_what_came_before(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send({"s": 5, "v": {"temp": 1}}, {"s": 5, "v": {"temp": 2}})
        assert await line.read() == {"a": 5}
        assert await line.read() == {"error": "bad_seq"}
        assert await line.closed()
    assert len(await stored(database, device)) == 1


async def test_more_than_twenty_rejects_in_a_minute_end_the_connection(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send(*(b"no\n" for _ in range(30)))
        lines = await line.read_until("error")
    assert lines[-1] == {"error": "too_many_rejects"}
    assert len(lines) == 22


async def test_a_line_without_end_is_kept_in_part_and_ends_the_connection(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send({"s": 1, "v": {"temp": 1}}, b"a" * 70_000)
        lines = await line.read_until("error", "line_too_long")
    assert [item.get("code") for item in lines if "n" in item] == ["line_too_long"]
    assert len(await stored(database, device)) == 1


async def test_pings_are_answered_when_the_device_asks(start: Start, database: Database) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send({"p": 2}, {"p": 3})
        assert await line.read() == {"p": 3}


async def test_draining_says_goodbye_and_acknowledges_what_is_held(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send(*({"s": n, "v": {"temp": n}} for n in range(1, 201)))
        draining = asyncio.create_task(server.drain())
        lines = []
        while answer := await line.read():
            lines.append(answer)
        await draining
    acked = max((item["a"] for item in lines if "a" in item), default=0)
    assert [item["bye"] for item in lines if "bye" in item] == [1]
    assert [row.seq for row in await stored(database, device)] == list(range(1, acked + 1))


async def test_a_rotated_token_ends_the_connection_when_the_bus_says_so(
    start: Start, database: Database, bus: MemoryBus
) -> None:
    tenant = await make_tenant(database)
    device = await make_device(database, tenant)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        async with database.unit_of_work() as session:
            await session.execute(
                update(DeviceCredential)
                .where(DeviceCredential.device_id == device.id)
                .values(revoked_at=SystemClock().now())
            )
        await bus.publish(f"device:{tenant.public_id}", b'{"devices":[],"all":true}')
        assert await line.read() == {"error": "unauthorized"}


async def test_a_profile_that_changes_counts_from_the_next_message(
    start: Start, database: Database, bus: MemoryBus
) -> None:
    tenant = await make_tenant(database)
    device = await make_device(database, tenant)
    profile = await make_profile(database, tenant, {"temp": {"type": "number", "max": 10}})
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send({"s": 1, "v": {"temp": 50}})
        assert await line.acked(1) == []
        async with database.unit_of_work() as session:
            await session.execute(
                update(Device).where(Device.id == device.id).values(profile_id=profile.id)
            )
        await bus.publish(f"device:{tenant.public_id}", b'{"devices":[],"all":true}')
        await until(lambda: profile_known(server.sessions.by_device()))
        await line.send({"s": 2, "v": {"temp": 50}})
        assert [item["code"] for item in await line.acked(2)] == ["out_of_range"]


def profile_known(connections: list[Any]) -> bool:
    return all(connection.source.profile.rules for connection in connections)


async def test_a_live_frame_follows_the_commit(
    start: Start, database: Database, bus: MemoryBus
) -> None:
    tenant = await make_tenant(database)
    device = await make_device(database, tenant)
    live = await bus.subscribe(f"live:{tenant.public_id}")
    async with start() as server, wire(server.port) as line:
        await line.hello(device, boot=3)
        await line.send({"s": 1, "t": 1763740801000, "v": {"temp": 1.5}})
        frame = await live.get(20)
    assert frame is not None
    assert frame.data == (
        b'{"r":[["%b",1763740801000,3,1,{"temp":1.5}]],"e":[]}' % device.public_id.encode()
    )


async def test_a_window_that_is_full_pauses_the_socket_and_drops_nothing(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start(window=4, queue_bytes=2048) as server, wire(server.port) as line:
        await line.hello(device)
        await line.send(*({"s": n, "v": {"note": "x" * 200}} for n in range(1, 1001)))
        await line.acked(1000)
    assert len(await stored(database, device)) == 1000


async def test_a_connection_at_its_bytes_is_paused_and_drops_nothing(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start(connection_bytes=1024) as server, wire(server.port) as line:
        await line.hello(device)
        await line.send(*({"s": n, "v": {"note": "x" * 200}} for n in range(1, 301)))
        await line.acked(300)
    assert len(await stored(database, device)) == 300


async def byte_by_byte(line: Wire, data: bytes) -> None:
    for at in range(len(data)):
        await line.send(data[at : at + 1])


async def test_bytes_may_come_one_at_a_time(start: Start, database: Database) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await byte_by_byte(line, b'{"s":1,"v":{"temp":1}}\n{"s":2,"v":{"temp":2}}\n')
        await line.acked(2)
    assert len(await stored(database, device)) == 2


async def test_a_database_in_trouble_delays_acks_and_loses_nothing(
    start: Start, database: Database
) -> None:
    device = await a_device(database)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        async with database.transaction() as blocking:
            tail = "" if database.is_sqlite else " FOR UPDATE"
            await blocking.execute(
                text(f"SELECT * FROM device_state WHERE device_id = {device.id}{tail}")
            )
            await line.send(*({"s": n, "v": {"temp": n}} for n in range(1, 11)))
            await until(lambda: server.pipeline.held > 0)
        await line.acked(10)
    assert len(await stored(database, device)) == 10


async def test_a_device_that_resets_while_it_is_ended_troubles_nobody(
    start: Start, database: Database
) -> None:
    device, other = await a_device(database), await a_device(database)
    async with start() as server, wire(server.port) as line, wire(server.port) as second:
        await line.hello(device)
        await second.hello(other)
        (connection,) = [
            c for c in server.sessions.by_device() if c.source and c.source.uid == device.uid
        ]
        raw = line.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.writer.transport.abort()
        # The loop turns once: the reset is sent, and not yet heard of on the other side.
        await asyncio.sleep(0)
        connection.end(Ending.idle)
        await second.send({"s": 1, "v": {"temp": 1}})
        await second.acked(1)


async def test_a_failure_nobody_foresaw_makes_devices_start_anew_and_loses_nothing(
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await a_device(database)
    async with start() as server:
        async with wire(server.port) as line:
            await line.hello(device)
            with monkeypatch.context() as broken:
                broken.setattr(server.pipeline, "_empty", lambda: 1 / 0)
                await line.send({"s": 1, "v": {"temp": 1}})
                with pytest.raises((ConnectionError, AssertionError)):
                    await line.acked(1)
        async with wire(server.port) as line:
            assert (await line.hello(device))["last"] == 0
            await line.send({"s": 1, "v": {"temp": 1}})
            await line.acked(1)
    assert len(await stored(database, device)) == 1

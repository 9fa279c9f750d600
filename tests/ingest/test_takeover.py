"""A device that is on two processes at once."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import select

from apps.ingest.server import IngestServer
from apps.ingest.takeover import channel
from shared.bus import Bus, MemoryBus
from shared.bus.valkey import ValkeyBus
from shared.db import Database
from shared.models import DeviceState, Reading
from tests.ingest.conftest import Start
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.until import until
from tests.support.wire import Wire, wire

NEVER = 1e6


class Two:
    """Two ingest servers on one database, and a line to each."""

    def __init__(self, one: IngestServer, two: IngestServer, old: Wire, new: Wire) -> None:
        self.one, self.two, self.old, self.new = one, two, old, new


@pytest.fixture
async def device(database: Database) -> MadeDevice:
    return await make_device(database, await make_tenant(database))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def two_servers(
    stack: AsyncExitStack, start: Start, buses: tuple[Bus, Bus], recheck_s: float = NEVER
) -> Two:
    one, two = [
        await stack.enter_async_context(start(bus=bus, recheck_s=recheck_s)) for bus in buses
    ]
    old, new = [await stack.enter_async_context(wire(server.port)) for server in (one, two)]
    return Two(one, two, old, new)


async def stored(database: Database, device: MadeDevice) -> Counter[int]:
    async with database.read() as session:
        return Counter(
            await session.scalars(select(Reading.seq).where(Reading.device_id == device.id))
        )


async def is_online(database: Database, device: MadeDevice) -> bool:
    async with database.read() as session:
        state = await session.get(DeviceState, device.id)
    assert state is not None
    return state.online


async def replaced_and_one_survives(two: Two, database: Database, device: MadeDevice) -> None:
    assert (await two.old.read_until("error"))[-1] == {"error": "replaced"}
    assert await two.old.closed()
    two.old.writer.close()
    await until(lambda: two.one.connections == 0)
    await two.new.send({"s": 100, "v": {"temp": 1}})
    await two.new.acked(100)
    assert await is_online(database, device)


async def test_the_bus_tells_the_process_before(
    stack: AsyncExitStack, start: Start, database: Database, device: MadeDevice, bus: MemoryBus
) -> None:
    two = await two_servers(stack, start, (bus, bus))
    await two.old.hello(device)
    await two.new.hello(device)
    await replaced_and_one_survives(two, database, device)


async def test_so_does_valkey(
    stack: AsyncExitStack, start: Start, database: Database, device: MadeDevice, valkey_url: str
) -> None:
    buses = ValkeyBus(valkey_url), ValkeyBus(valkey_url)
    for each in buses:
        stack.push_async_callback(each.close)
    two = await two_servers(stack, start, buses)
    await two.old.hello(device)
    await two.new.hello(device)
    await replaced_and_one_survives(two, database, device)


async def test_without_a_bus_a_commit_shows_it(
    stack: AsyncExitStack, start: Start, database: Database, device: MadeDevice
) -> None:
    two = await two_servers(stack, start, (MemoryBus(), MemoryBus()))
    await two.old.hello(device)
    await two.new.hello(device)
    await two.old.send({"s": 1, "v": {"temp": 1}})
    assert await two.old.read() == {"a": 1}
    await replaced_and_one_survives(two, database, device)


async def test_without_a_bus_and_without_messages_the_next_look_shows_it(
    stack: AsyncExitStack, start: Start, database: Database, device: MadeDevice
) -> None:
    two = await two_servers(stack, start, (MemoryBus(), MemoryBus()), recheck_s=0.1)
    await two.old.hello(device)
    await two.new.hello(device)
    await replaced_and_one_survives(two, database, device)


async def test_what_is_sent_to_both_is_stored_once(
    stack: AsyncExitStack, start: Start, database: Database, device: MadeDevice
) -> None:
    messages = [{"s": n, "t": 1763740800000 + n, "v": {"temp": n}} for n in range(1, 61)]
    two = await two_servers(stack, start, (MemoryBus(), MemoryBus()), recheck_s=0.1)
    await two.old.hello(device)
    await two.old.send(*messages[:40])
    last = (await two.new.hello(device))["last"]
    await two.new.send(*messages[last:])
    await two.new.acked(60)
    assert (await two.old.read_until("error"))[-1] == {"error": "replaced"}
    assert await stored(database, device) == Counter(range(1, 61))


@pytest.mark.parametrize("news", [b"[%d]", b"not what is expected", b'{"no":1}', b'["a",-1]'])
async def test_news_that_is_old_or_odd_ends_nothing(
    start: Start, device: MadeDevice, bus: MemoryBus, news: bytes
) -> None:
    async with start(task="here") as server, wire(server.port) as line:
        await line.hello(device)
        await bus.publish(channel("here"), news.replace(b"%d", str(device.id).encode()))
        await line.send({"s": 1, "v": {"temp": 1}})
        await line.acked(1)
        await line.send({"s": 2, "v": {"temp": 1}})
        await line.acked(2)

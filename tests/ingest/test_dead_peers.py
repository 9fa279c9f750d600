"""Devices that are gone without a word, or that never read."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shared.db import Database
from tests.ingest.conftest import Start
from tests.support.builders import make_device, make_tenant
from tests.support.until import until
from tests.support.wire import wire

# The longest there are: they fill what the kernel holds soonest.
PINGS = b'{"p":9007199254740991}\n' * 4_096


@asynccontextmanager
async def flooding(port: int, hello: bytes) -> AsyncIterator["asyncio.Task[None]"]:
    """A device that asks without end and reads nothing."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    await loop.sock_sendall(raw, hello)

    async def flood() -> None:
        with suppress(ConnectionError):
            while True:
                await loop.sock_sendall(raw, PINGS)

    work = asyncio.create_task(flood())
    try:
        yield work
    finally:
        work.cancel()
        await asyncio.wait([work])
        raw.close()


async def test_a_peer_that_is_gone_without_a_word_is_let_go(
    start: Start, database: Database
) -> None:
    device = await make_device(database, await make_tenant(database))
    async with start(idle_s=1) as server, wire(server.port) as line:
        await line.hello(device)
        # It neither sends nor closes, whatever it is told.
        await until(lambda: server.connections == 0)


async def test_so_is_one_that_said_nothing_at_all(start: Start) -> None:
    async with start(hello_s=0.1) as server, wire(server.port):
        await until(lambda: server.connections == 1)
        await until(lambda: server.connections == 0)


async def test_a_ping_is_a_sign_of_life(start: Start, database: Database) -> None:
    device = await make_device(database, await make_tenant(database))
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        (connection,) = server.sessions.by_device()
        before = connection.spoke
        await line.send({"p": 1})
        assert await line.read() == {"p": 1}
        assert connection.spoke > before


async def test_a_device_that_does_not_read_is_paused_and_cut_off_and_others_are_served(
    start: Start, database: Database
) -> None:
    tenant = await make_tenant(database)
    device, other = [await make_device(database, tenant) for _ in range(2)]
    hello = f'{{"hello":1,"device":"{device.uid}","token":"{device.token}","boot":1}}\n'
    async with (
        start(idle_s=1) as server,
        flooding(server.port, hello.encode()) as work,
        wire(server.port) as line,
    ):
        await line.hello(other)
        await line.send({"s": 1, "v": {"temp": 1}})
        await line.acked(1)
        await until(work.done, "the cut", 60)

"""Devices that are gone without a word, or that never read."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from apps.ingest.connection import Connection
from shared.db import Database
from tests.ingest.conftest import Start
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.until import until
from tests.support.wire import hello, wire

# Within what is allowed in a minute, and more than the buffers below hold.
PINGS = b'{"p":9007199254740991}\n' * 900
SMALL = 2_048


@asynccontextmanager
async def deaf(port: int) -> AsyncIterator[socket.socket]:
    """A socket that holds little of what it does not read."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    try:
        yield raw
    finally:
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
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.ingest.connection.UNREAD_BYTES", 4 * SMALL)
    tenant = await make_tenant(database)
    device, other = [await make_device(database, tenant) for _ in range(2)]
    async with start() as server, deaf(server.port) as raw, wire(server.port) as line:
        assert server._server is not None
        await line.hello(other)
        await say_all(raw, hello(device))
        await until(lambda: len(server.sessions.by_device()) == 2)
        (connection,) = [c for c in server.sessions.by_device() if is_of(c, device)]
        transport = connection._transport
        assert transport is not None
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        await asyncio.get_running_loop().sock_sendall(raw, PINGS)
        await until(lambda: connection not in server.sessions.open)
        assert connection._unread
        await line.send({"s": 1, "v": {"temp": 1}})
        await line.acked(1)


async def say_all(raw: socket.socket, message: dict[str, object]) -> None:
    await asyncio.get_running_loop().sock_sendall(raw, json.dumps(message).encode() + b"\n")


def is_of(connection: Connection, device: MadeDevice) -> bool:
    return connection.source is not None and connection.source.uid == device.uid

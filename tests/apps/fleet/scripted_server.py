"""A server of the line protocol whose answers a test decides."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any


class Peer:
    """One connection as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.blocks: list[bytes] = []

    async def line(self) -> dict[str, Any]:
        """The next line; fails when the connection ends."""
        async with asyncio.timeout(10):
            value = json.loads(await self._reader.readuntil(b"\n"))
        assert isinstance(value, dict)
        return value

    async def lines(self, count: int) -> list[dict[str, Any]]:
        return [await self.line() for _ in range(count)]

    async def ended(self) -> bytes:
        """What comes until the connection ends."""
        async with asyncio.timeout(10):
            return await self._reader.read()

    def send(self, *messages: dict[str, Any]) -> None:
        self._writer.write(b"".join(json.dumps(m).encode() + b"\n" for m in messages))

    def send_raw(self, data: bytes) -> None:
        self._writer.write(data)

    def welcome(self, boot: int, *, last: int = 0, window: int = 256, idle: float = 300) -> None:
        answer = {"ok": 1, "time": 0, "boot": boot, "last": last, "window": window, "idle": idle}
        self.send(answer)

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()


class ScriptedServer:
    """Hands out the connections that come, one after another."""

    def __init__(self) -> None:
        self.port = 0
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._open: list[Peer] = []

    async def peer(self) -> Peer:
        async with asyncio.timeout(10):
            return await self._peers.get()

    async def accept(self, **welcome: Any) -> tuple[Peer, dict[str, Any]]:
        """The next connection, its hello answered, and the hello."""
        peer = await self.peer()
        hello = await peer.line()
        peer.welcome(hello["boot"], **welcome)
        return peer, hello

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self._open.append(peer)
        self._peers.put_nowait(peer)

    def close_all(self) -> None:
        for peer in self._open:
            peer.abort()


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        scripted.close_all()
        server.close()
        await server.wait_closed()


Script = Callable[[Peer], Awaitable[None]]

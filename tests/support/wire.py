"""A device as bytes: what is sent and read is written out by the test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.builders import MadeDevice

READ_S = 20.0


class Wire:
    """A TCP connection of lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *lines: dict[str, Any] | bytes) -> None:
        for line in lines:
            self.writer.write(
                line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            )
        await self.writer.drain()

    async def read(self) -> dict[str, Any]:
        """The next line; an empty object when the server closed."""
        line = await asyncio.wait_for(self.reader.readline(), READ_S)
        answer: dict[str, Any] = json.loads(line) if line else {}
        return answer

    async def read_until(self, key: str, value: Any = None) -> list[dict[str, Any]]:
        """Lines up to and with the one that has `key` (with `value`, if given)."""
        lines = []
        while True:
            lines.append(await self.read())
            if not lines[-1]:
                raise AssertionError(f"closed before {key}: {lines}")
            if key in lines[-1] and value in (None, lines[-1][key]):
                return lines

    async def acked(self, upto: int) -> list[dict[str, Any]]:
        """Read until everything up to `upto` is acknowledged; the rejections on the way."""
        lines = await self.read_until("a", upto)
        return [line for line in lines if "n" in line]

    async def closed(self) -> bool:
        """Whether the server closes now, without another line."""
        return await asyncio.wait_for(self.reader.read(), READ_S) == b""

    async def hello(self, device: MadeDevice, boot: int = 1, **more: Any) -> dict[str, Any]:
        await self.send(hello(device, boot, **more))
        return await self.read()


def hello(device: MadeDevice, boot: int = 1, **more: Any) -> dict[str, Any]:
    return {"hello": 1, "device": device.uid, "token": device.token, "boot": boot, **more}


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()

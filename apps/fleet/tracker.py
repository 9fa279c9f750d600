"""A Teltonika tracker that connects: keeps each record until the server has counted it.

tracker = Tracker("devices.example.com", 9001, "356307042441013")
tracker.add(Fix(t=…, lat=54.71, lon=25.30))
await tracker.run()
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from apps.fleet.avl import Fix, hello, packet

# Records a packet, as far as the vendor's bound of 1,280 bytes lets them.
RECORDS: Final = 10
ANSWER_S: Final = 30.0
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0


class Tracker:
    """One tracker. What was not counted is sent again, on whatever connection.

    `cut`: how often it cuts the connection after a packet, before the answer is there (0 to 1).
    """

    def __init__(
        self,
        host: str,
        port: int,
        imei: str,
        *,
        rng: random.Random | None = None,
        cut: float = 0.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.imei = imei
        self.connects = 0
        self.refused = 0
        self.cuts = 0
        # Records that the server has counted, in order.
        self.counted: list[Fix] = []
        self._address = (host, port)
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, no secret
        self._cut = cut
        self._sleep = sleep
        self._waiting: deque[Fix] = deque()
        self._came = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Records that are not counted yet."""
        return len(self._waiting)

    def add(self, fix: Fix) -> None:
        """Keep a record, to be sent in its turn."""
        self._waiting.append(fix)
        self._came.set()

    async def run(self) -> None:
        """Connect, send, and connect again, until cancelled."""
        failures = 0
        while True:
            before = len(self.counted)
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._connected()
            failures = failures + 1 if len(self.counted) == before else 0
            longest = min(FIRST_WAIT_S * 2**failures, LONGEST_WAIT_S)
            await self._sleep(self._rng.uniform(0, longest))

    async def _connected(self) -> None:
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            writer.write(hello(self.imei))
            if await _read(reader, 1) != b"\x01":
                self.refused += 1
                return
            self.connects += 1
            while True:
                await self._send(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send the next packet, when there is something, and wait for its answer."""
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        fixes = [self._waiting[n] for n in range(min(RECORDS, len(self._waiting)))]
        writer.write(packet(fixes))
        await writer.drain()
        if self._rng.random() < self._cut:
            self.cuts += 1
            raise ConnectionAbortedError
        if int.from_bytes(await _read(reader, 4)) == len(fixes):
            self.counted += fixes
            for _ in fixes:
                self._waiting.popleft()


async def _read(reader: asyncio.StreamReader, size: int) -> bytes:
    return await asyncio.wait_for(reader.readexactly(size), ANSWER_S)

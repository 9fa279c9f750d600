"""Honest devices that send at a steady pace and time each acknowledgement."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from statistics import quantiles

from tests.support.builders import MadeDevice, Tenant

WAIT_S = 60.0
MESSAGE = b'{"s":%d,"v":{"temp":21.5,"hum":44.25}}\n'


class Pulse(asyncio.Protocol):
    """Sends every `every_s`, whether or not the one before is acknowledged.

    `waits` are seconds until each acknowledgement, `refused` what the server said beside those.
    """

    def __init__(self, tenant: Tenant, device: MadeDevice, *, every_s: float) -> None:
        self.tenant = tenant
        self.device = device
        self.sent: list[int] = []
        self.acked = 0
        self.waits: list[float] = []
        self.refused: list[bytes] = []
        self.greeting_s = 0.0
        self._every_s = every_s
        self._times: dict[int, float] = {}
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._greeted: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._ending = False
        self._settled = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None

    async def connect(self, port: int, address: str = "127.0.0.1") -> None:
        """Say hello from `address`; raises what the server says instead of a welcome."""
        began = time.perf_counter()
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port, local_addr=(address, 0))
        answer = await asyncio.wait_for(self._greeted, WAIT_S)
        self.greeting_s = time.perf_counter() - began
        if b'"ok"' not in answer:
            raise ConnectionError(answer)

    def beat(self, *, after: float = 0.0) -> None:
        """Begin to send, in so many seconds."""
        self._beating = asyncio.create_task(self._beat(after))

    def send(self) -> None:
        """Send one message now."""
        number = len(self.sent) + 1
        self.sent.append(number)
        self._times[number] = time.perf_counter()
        assert self._transport is not None, f"the connection is gone: {self.refused}"
        self._transport.write(MESSAGE % number)

    async def settle(self) -> None:
        """Send no more, and wait until everything is acknowledged."""
        self._ending = True
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
        self._settle()
        await asyncio.wait_for(self._settled.wait(), WAIT_S)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _beat(self, after: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + after
        await asyncio.sleep(after)
        while True:
            self.send()
            due += self._every_s
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _settle(self) -> None:
        if self.acked == len(self.sent):
            self._settled.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a transport of a stream
        hello = {"hello": 1, "device": self.device.uid, "token": self.device.token, "boot": 1}
        transport.write(json.dumps(hello).encode() + b"\n")  # type: ignore[attr-defined]  # so too

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._greeted.done():
                self._greeted.set_result(line)
            elif line.startswith(b'{"a":'):
                self._took(int(line[5:-1]))
            else:
                self.refused.append(line)

    def _took(self, upto: int) -> None:
        now = time.perf_counter()
        for number in range(self.acked + 1, upto + 1):
            self.waits.append(now - self._times.pop(number))
        self.acked = upto
        if self._ending:
            self._settle()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if not self._greeted.done():
            self._greeted.set_exception(error or ConnectionError("closed before an answer"))


@dataclass(frozen=True)
class Waits:
    """What acknowledgements took, ms."""

    count: int
    p50: float
    p99: float
    most: float

    def __str__(self) -> str:
        return f"p50 {self.p50:,.0f} ms, p99 {self.p99:,.0f} ms, most {self.most:,.0f} ms"


def taken(pulses: list[Pulse], *, none: bool = False) -> Waits:
    """The waits since the last call, of those whose acknowledgement came; `none`: or none did."""
    waits = sorted(wait * 1000 for pulse in pulses for wait in pulse.waits)
    for pulse in pulses:
        pulse.waits = []
    if none and len(waits) < 2:
        return Waits(len(waits), 0.0, 0.0, 0.0)
    assert len(waits) > 1, "hardly anything was acknowledged"
    cuts = quantiles(waits, n=100, method="inclusive")
    return Waits(len(waits), cuts[49], cuts[98], waits[-1])

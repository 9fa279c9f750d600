"""The reference client of the line protocol. Needs this file, wire.py, outbox.py and nothing else.

    async with Client("devices.example.com", 9000, "pump-7", "dt_…") as client:
        client.send_reading({"temp": 21.5})
        await client.drain()

Messages stay in the outbox until the server has committed them. The client connects by itself,
again and again, and sends what the server does not have.
"""

import asyncio
import json
import random
import ssl as tls
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

from apps.fleet.outbox import LARGEST, MemoryOutbox
from apps.fleet.wire import LINE_BYTES, Wire

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
CONNECT_S = 15.0
BYE_S = 30.0
REFUSALS = {
    "unauthorized": "the server does not know this device with this token",
    "disabled": "the device is disabled",
    "bad_hello": "the server did not understand the hello",
}

Value = float | bool | str
OnReject = Callable[[int, str, str], None]
OnAck = Callable[[int], None]

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode


class RefusedError(Exception):
    """The server refused this device for good; trying again would not help. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{REFUSALS[code]} ({code})")
        self.code = code


class ClosedError(Exception):
    """The client was closed."""


def system_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


def backoff(attempt: int, rng: random.Random) -> float:
    """Seconds to wait before trying again, full jitter: up to 1 s, 2 s, 4 s … 5 min."""
    return rng.uniform(0, min(FIRST_WAIT_S * 2 ** min(attempt, 20), LONGEST_WAIT_S))


class Client:
    """A device: sends readings and events, keeps them until they are acknowledged.

    `outbox` keeps the messages (default: in memory). `on_reject(s, code, detail)` is called for a
    message that can never be stored, `on_ack(s)` when everything up to `s` is committed. `now_ms`,
    `rng` and `sleep` stand for the clock, chance and waiting.

    A connection that another one of the same device took over is tried again, but slowly: either
    this process runs twice, or somebody else has the token.
    """

    def __init__(
        self,
        host: str,
        port: int,
        device: str,
        token: str,
        *,
        outbox: MemoryOutbox | None = None,
        firmware: str = "",
        ssl: tls.SSLContext | None = None,
        on_reject: OnReject | None = None,
        on_ack: OnAck | None = None,
        now_ms: Callable[[], int] = system_ms,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.outbox = MemoryOutbox() if outbox is None else outbox
        self.device = device
        self.connects = 0
        self.acked = 0
        self.rejected = 0
        self.replaced = 0
        self.failed: Exception | None = None
        self._address = (host, port, ssl)
        self._token = token
        self._firmware = firmware
        self._on_reject = on_reject
        self._on_ack = on_ack
        self._now_ms = now_ms
        self._rng = rng or random.Random()  # noqa: S311 - spreads reconnects, guards nothing
        self._sleep = sleep
        self._wire: Wire | None = None  # connected and greeted
        self._answer: asyncio.Future[dict[str, Any]] | None = None  # to the hello
        self._retry_ms: int | None = None  # the server said when to come back
        self._window = 1
        self._idle = 300
        self._attempt = 0
        self._ping = 1
        self._scheduled = False
        self._task: asyncio.Task[None] | None = None
        self._waiters: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def online(self) -> bool:
        """Whether the server has taken the hello of the present connection."""
        return self._wire is not None

    def start(self) -> None:
        """Begin to connect, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop. What is not acknowledged stays in the outbox; `drain` first to wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._stop(ClosedError("the client was closed"))
        self.outbox.close()

    def send_reading(
        self, values: Mapping[str, Value], *, t: int | None = None, seq: int | None = None
    ) -> int:
        """Send metric values measured at `t` (epoch ms, default now); returns the number.

        `seq`, where given, is the number to use; it must be higher than any before. Raises
        `OutboxFullError` (see `room`), and `ValueError` for what no line can carry.
        """
        return self._send(f'"v":{_encode(values)}', t, seq)

    def send_event(
        self, name: str, data: Mapping[str, Any], *, t: int | None = None, seq: int | None = None
    ) -> int:
        """Send something that happened; otherwise like `send_reading`."""
        return self._send(f'"e":{_encode(name)},"d":{_encode(data)}', t, seq)

    def _send(self, body: str, t: int | None, seq: int | None) -> int:
        if seq is not None:
            self.outbox.next_seq = seq
        number = self.outbox.next_seq
        at = self._now_ms() if t is None else t
        line = f'{{"s":{number},"t":{at},{body}}}\n'.encode()
        if len(line) > LINE_BYTES or number > LARGEST:
            raise ValueError(f"a line of {len(line)} bytes, numbered {number}, is too large")
        self.outbox.add(line)
        if not self._scheduled and self._wire is not None:
            # Once the loop turns: many messages, one write.
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)
        return number

    async def drain(self) -> None:
        """Wait until everything is acknowledged. Raises `RefusedError` or `ClosedError`."""
        while len(self.outbox):
            await self._progress()

    async def room(self) -> None:
        """Wait until the outbox can take another message. Raises as `drain` does."""
        while len(self.outbox) >= self.outbox.limit:
            await self._progress()

    async def connected(self) -> None:
        """Wait until the server has taken the hello. Raises as `drain` does."""
        while self._wire is None:
            await self._progress()

    async def _progress(self) -> None:
        if self.failed is not None:
            raise self.failed
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _stop(self, error: Exception) -> None:
        self.failed = self.failed or error
        self._wake()

    async def _run(self) -> None:
        while True:
            self._retry_ms = None
            try:
                await self._session()
            except RefusedError as error:
                self._stop(error)
                return
            except (OSError, TimeoutError):
                pass  # not reachable now; it will be
            if self._retry_ms is not None:
                wait = self._retry_ms * (1 + self._rng.random()) / 1000
            else:
                wait = backoff(self._attempt, self._rng)
            self._attempt += 1
            await self._sleep(wait)

    async def _session(self) -> None:
        """One connection from its beginning to its end."""
        host, port, ssl = self._address
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        wire: Wire | None = None
        try:
            async with asyncio.timeout(CONNECT_S):
                _, wire = await loop.create_connection(self._make_wire, host, port, ssl=ssl)
                wire.write(self._hello())
                waits: list[asyncio.Future[Any]] = [self._answer, wire.gone]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if self._answer.done() and self._greeted(wire, self._answer.result()):
                await self._stay(wire)
        finally:
            self._wire = None
            self.outbox.rewind()
            if wire is not None:
                self._end(wire)

    def _make_wire(self) -> Wire:
        return Wire(self._line, self._pump)

    def _end(self, wire: Wire) -> None:
        wire.close()

    def _hello(self) -> bytes:
        fields = {
            "hello": 1,
            "device": self.device,
            "token": self._token,
            "boot": self.outbox.boot,
        }
        if self._firmware:
            fields["fw"] = self._firmware
        return _encode(fields).encode() + b"\n"

    def _greeted(self, wire: Wire, answer: dict[str, Any]) -> bool:
        """Take the answer to the hello; false: come back later. Raises `RefusedError`."""
        code = answer.get("error")
        if code in REFUSALS:
            raise RefusedError(str(code))
        if answer.get("ok") != 1:
            self._retry_ms = _number(answer, "retry", None)
            return False
        self._window = max(_number(answer, "window", 1) or 1, 1)
        self._idle = max(_number(answer, "idle", 300) or 300, 1)
        self.connects += 1
        self._attempt = 0
        self._wire = wire
        last = _number(answer, "last", 0) or 0
        if last >= self.outbox.next_seq:
            self.outbox.next_seq = last + 1  # what is new must not look like what is stored
        self._acked(last)
        self._wake()
        self._pump()
        return True

    async def _stay(self, wire: Wire) -> None:
        """Until the connection is gone: ping when it is quiet, give up when it is dead."""
        while not wire.gone.done():
            await asyncio.wait([wire.gone], timeout=self._idle / 3)
            quiet = time.monotonic() - wire.heard
            if quiet > self._idle or (self._retry_ms is not None and quiet > BYE_S):
                wire.abort()
                return
            if self._wire is wire:
                wire.write(b'{"p":%d}\n' % self._ping)
                self._ping += 2  # the server answers odd numbers, the device even ones

    def _pump(self) -> None:
        """Write what the window allows, all at once."""
        self._scheduled = False
        wire = self._wire
        if wire is None or wire.paused:
            return
        room = self._window - self.outbox.under_way
        if room > 0 and self.outbox.waiting:
            lines = self.outbox.take(room)
            self.outbox.flush()
            wire.write(b"".join(lines))

    def _line(self, wire: Wire, line: bytes) -> None:
        if line.startswith(b'{"a":') and line[5:-1].isdigit() and wire is self._wire:
            self._acked(int(line[5:-1]))
            self._pump()
            return
        try:
            fields = json.loads(line)
        except ValueError:
            return
        if not isinstance(fields, dict):
            return
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(fields)
        else:
            self._message(wire, fields)

    def _message(self, wire: Wire, fields: dict[str, Any]) -> None:
        if "a" in fields:
            self._acked(_number(fields, "a", 0) or 0)
            self._pump()
        elif "n" in fields:
            self.rejected += 1
            if self._on_reject is not None:
                code, detail = str(fields.get("code", "")), str(fields.get("detail", ""))
                self._on_reject(_number(fields, "n", 0) or 0, code, detail)
        elif "p" in fields:
            number = _number(fields, "p", 1) or 1
            if number % 2 == 0:
                wire.write(b'{"p":%d}\n' % number)
        elif "bye" in fields:
            self._retry_ms = _number(fields, "retry", 1000)
            self._wire = None  # send nothing more; acknowledgements still come
        elif fields.get("error") == "replaced":
            self.replaced += 1
            self._attempt = 20

    def _acked(self, upto: int) -> None:
        self.acked += self.outbox.ack(upto)
        if self._on_ack is not None:
            self._on_ack(upto)
        if self._waiters:
            self._wake()


def _number(fields: Mapping[str, Any], name: str, default: int | None) -> int | None:
    value = fields.get(name, default)
    return value if isinstance(value, int) and not isinstance(value, bool) else default

"""Devices that send all that they are let, or more, and devices that never listen."""

import asyncio
import json
import socket
import sys
import time
from collections import Counter
from functools import partial
from typing import Any

LOOPBACK = "127.0.0.1"
MESSAGE = b'{"s":%d,"v":{"temp":21.5,"hum":44.25,"co2":612,"ok":true}}\n'
# Messages a device has ready, to be sent one after the other.
AT_ONCE = 64
SETTLE_S = 120.0
# The longest there are: they fill what the kernel holds soonest.
PINGS = b'{"p":9007199254740991}\n' * 2_048
RECEIVES = 4_096
DEAF_S = 0.05


class Sender(asyncio.Protocol):
    """Numbers 1, 2, … as fast as `window` unacknowledged ones allow; 0: as fast as the socket
    takes them.
    """

    def __init__(self, token: dict[str, str], window: int) -> None:
        self._token = token
        self._window = window
        self._rest = b""
        self._greeted = False
        self._writable = True
        self._stopped = False
        self.sent = 0
        self.acked = 0
        self.answers: Counter[str] = Counter()
        self.settled = asyncio.Event()
        self.pauses = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's
        self._transport.write(json.dumps({"hello": 1, "boot": 1, **self._token}).encode() + b"\n")

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b'{"a":'):
                self.acked = int(line[5:-1])
            elif b'"ok"' in line:
                self._greeted = True
            else:
                self.answers[str(json.loads(line).get("error", "other"))] += 1
        self.fill()

    def fill(self) -> None:
        """Send what may be sent."""
        if self._stopped:
            if self.acked == self.sent:
                self.settled.set()
            return
        while self._greeted and self._writable:
            room = self.acked + self._window - self.sent if self._window else AT_ONCE
            if room <= 0:
                return
            upto = self.sent + min(room, AT_ONCE)
            self._transport.write(b"".join(map(MESSAGE.__mod__, range(self.sent + 1, upto + 1))))
            self.sent = upto

    def pause_writing(self) -> None:
        self._writable = False
        self.pauses += 1

    def resume_writing(self) -> None:
        self._writable = True
        # Later: this is called from inside a write that was cut short.
        asyncio.get_running_loop().call_soon(self.fill)

    def connection_lost(self, error: Exception | None) -> None:
        self.answers["lost" if error else "closed"] += not self._stopped
        self._writable = False
        self.settled.set()

    def stop(self) -> None:
        self._stopped = True
        self.fill()


async def send(port: int, *, tokens: list[dict[str, str]], window: int) -> dict[str, Any]:
    """Devices that send until the standard input ends, then wait for what is not acknowledged."""
    loop = asyncio.get_running_loop()
    senders = []
    for token in tokens:
        _, sender = await loop.create_connection(partial(Sender, token, window), LOOPBACK, port)
        senders.append(sender)
    began = time.monotonic()
    await ended()
    took = time.monotonic() - began
    acked = sum(sender.acked for sender in senders)
    for sender in senders:
        sender.stop()
    async with asyncio.timeout(SETTLE_S):
        for sender in senders:
            await sender.settled.wait()
    return {
        "seconds": took,
        "rate": acked / took,
        "sent": {sender._token["device"]: sender.sent for sender in senders},
        "acked": {sender._token["device"]: sender.acked for sender in senders},
        "pauses": sum(sender.pauses for sender in senders),
        "answers": dict(sum((sender.answers for sender in senders), Counter())),
    }


class Deaf(asyncio.Protocol):
    """Asks without end and reads nothing; with no `asking`, says nothing after its hello."""

    def __init__(self, token: dict[str, str], *, asking: bool) -> None:
        self._token = token
        self._asking = asking
        self._began = time.monotonic()
        self.asked = 0
        self.lasted: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's
        self._transport.pause_reading()
        self._transport.write(json.dumps({"hello": 1, "boot": 1, **self._token}).encode() + b"\n")
        self._ask()

    def _ask(self) -> None:
        if self.lasted is not None:
            return
        if self._asking and self._transport.get_write_buffer_size() == 0:
            self._transport.write(PINGS)
            self.asked += len(PINGS)
        asyncio.get_running_loop().call_later(DEAF_S, self._ask)

    def connection_lost(self, _error: Exception | None) -> None:
        self.lasted = time.monotonic() - self._began
        # What it never read is still in the kernel.
        self._transport.abort()


async def deaf(port: int, *, tokens: list[dict[str, str]], asking: bool) -> dict[str, Any]:
    """Devices that never read, until the standard input ends."""
    loop = asyncio.get_running_loop()
    peers = []
    for token in tokens:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVES)
        raw.setblocking(False)
        await loop.sock_connect(raw, (LOOPBACK, port))
        made = partial(Deaf, token, asking=asking)
        _, peer = await loop.create_connection(made, sock=raw)
        peers.append(peer)
    await ended()
    lasted = [peer.lasted for peer in peers if peer.lasted is not None]
    return {
        "cut": len(lasted),
        "lasted_s": max(lasted, default=0.0),
        "asked": sum(peer.asked for peer in peers),
    }


async def ended() -> None:
    """Wait for the end of the standard input."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    await over.wait()
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())

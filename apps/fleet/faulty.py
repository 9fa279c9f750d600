"""A client that misbehaves as devices in the field do. For the simulator and for tests."""

import asyncio
import random
from collections import deque
from typing import Any

from apps.fleet.client import Client
from apps.fleet.outbox import MemoryOutbox
from apps.fleet.wire import Wire

# How many acknowledged messages are remembered, to be sent once more.
REMEMBERED = 50
# A slow sender writes this many bytes at a time.
DRIBBLE_BYTES = 16
DRIBBLE_S = 0.001


class RememberingOutbox(MemoryOutbox):
    """An outbox that still has the last messages that were acknowledged."""

    def __init__(self, boot: int, limit: int) -> None:
        super().__init__(boot=boot, limit=limit)
        self.done: deque[bytes] = deque(maxlen=REMEMBERED)
        self._lines: deque[tuple[int, bytes]] = deque()

    def add(self, line: bytes) -> int:
        seq = super().add(line)
        self._lines.append((seq, line))
        return seq

    def ack(self, upto: int) -> int:
        while self._lines and self._lines[0][0] <= upto:
            self.done.append(self._lines.popleft()[1])
        return super().ack(upto)


class SlowWire(Wire):
    """Writes a few bytes at a time."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._left = bytearray()
        self._busy = False

    def write(self, data: bytes) -> None:
        self._left += data
        if not self._busy:
            self._busy = True
            self._dribble()

    def _dribble(self) -> None:
        super().write(bytes(self._left[:DRIBBLE_BYTES]))
        del self._left[:DRIBBLE_BYTES]
        self._busy = bool(self._left) and not self.gone.done()
        if self._busy:
            asyncio.get_running_loop().call_later(DRIBBLE_S, self._dribble)


class FaultyClient(Client):
    """A client with an outbox that remembers, and with faults to order.

    `slow`: it dribbles its bytes.
    """

    def __init__(self, *given: Any, slow: bool = False, **more: Any) -> None:
        super().__init__(*given, **more, sleep=self._pause)
        self._slow = slow
        self._repeat = False
        self._hurry = False
        self._vanished: list[Wire] = []

    def vanish(self) -> bool:
        """Half open: leave the connection as if the cable were cut, without FIN or RST."""
        wire = self._wire
        if wire is None or wire.transport is None:
            return False
        wire.transport.pause_reading()
        self._vanished.append(wire)
        if not wire.gone.done():
            wire.gone.set_result(None)
        return True

    def halt(self) -> None:
        """Lose power: nothing goes out any more, what is added stays behind."""
        if self._wire is not None:
            self._wire.abort()
            self._wire = None
        if self._task is not None:
            self._task.cancel()

    def drop(self, *, hurry: bool = False) -> bool:
        """Break the connection off. `hurry`: connect again at once, without back-off."""
        if self._wire is None:
            return False
        self._hurry = hurry
        self._wire.abort()
        return True

    def repeat(self) -> bool:
        """Break off, and begin the next connection with messages that were acknowledged."""
        assert isinstance(self.outbox, RememberingOutbox)
        self._repeat = bool(self.outbox.done)
        return self._repeat and self.drop(hurry=True)

    def garble(self, rng: random.Random) -> bool:
        """Send a line that is no message."""
        if self._wire is None:
            return False
        noise = rng.randbytes(rng.randint(1, 60)).replace(b"\n", b"")
        self._wire.write(b"\xff" + noise + b"\n")
        return True

    async def close(self) -> None:
        await super().close()
        for wire in self._vanished:
            wire.abort()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(0 if self._hurry else seconds)
        self._hurry = False

    def _make_wire(self) -> Wire:
        return (SlowWire if self._slow else Wire)(self._line, self._pump)

    def _end(self, wire: Wire) -> None:
        if wire not in self._vanished:
            super()._end(wire)

    def _greeted(self, wire: Wire, answer: dict[str, Any]) -> bool:
        if self._repeat and answer.get("last") is not None:
            assert isinstance(self.outbox, RememberingOutbox)
            self._repeat = False
            # Numbers rise within a connection: these come before whatever is waiting.
            wire.write(b"".join(self.outbox.done))
        return super()._greeted(wire, answer)

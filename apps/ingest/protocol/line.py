"""The Fortress line protocol, a device's side of the wire seen from the server. Pure.

Its states are those of `speech`; the first line must be a hello. How lines are written is in
`messages`.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from apps.ingest.protocol import messages
from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.messages import LINE_BYTES, Hello, read_hello, read_ping
from apps.ingest.protocol.speech import Block, End, State
from shared.readings.block import WORTH, parse_block
from shared.readings.check import Profile
from shared.readings.parcel import Parcel
from shared.readings.parse import Parsed, Reading, Rejection, parse
from shared.telemetry.clean import clean

REJECTS: Final = 20
REJECTS_MS: Final = 60_000
# Pings and empty lines: no window holds them up, and a socket brings a hundred thousand a second.
PINGS: Final = 1_000
PINGS_MS: Final = 60_000
# What is kept of a line that never ended, to see what it was.
KEPT_OF_TOO_LONG: Final = 1_024


class LineProtocol:
    """One connection. `receive` after `hello` was given waits for `accept`."""

    __slots__ = (
        "_boot",
        "_buffer",
        "_highest",
        "_last",
        "_pings",
        "_pings_since",
        "_rejects",
        "_scanned",
        "state",
    )

    # A number at or below the highest committed one was stored before.
    watermark: Final = True

    def __init__(self) -> None:
        self.state = State.greeting
        self._boot = 0
        # The highest committed number.
        self._last = 0
        self._buffer = bytearray()
        # How far the buffer was searched for the end of a line.
        self._scanned = 0
        self._highest = 0
        self._rejects: deque[int] | None = None
        self._pings = 0
        self._pings_since = 0

    @property
    def held(self) -> int:
        """Bytes that are not yet a line, or wait for the hello to be judged."""
        return len(self._buffer)

    def greet(self, data: bytes) -> Hello | End | None:
        """Bytes before the hello is there: the hello, what ends the connection, or nothing yet."""
        if self.state is not State.ended:
            self._buffer += data
        if self.state is not State.greeting:
            return None
        end = self._buffer.find(b"\n", self._scanned)
        self._scanned = len(self._buffer)
        if (end if end >= 0 else self._scanned) > LINE_BYTES:
            return self._end(Ending.bad_hello)
        if end < 0:
            return None
        hello = read_hello(bytes(self._buffer[:end]))
        if hello is None:
            return self._end(Ending.bad_hello)
        del self._buffer[: end + 1]
        self._scanned = 0
        self._boot = hello.boot
        self.state = State.waiting
        return hello

    def accept(self) -> None:
        """The hello was good: messages may come."""
        self.state = State.open

    def welcome(self, *, now: int, last: int, window: int, idle_s: int) -> bytes:
        """Accept; returns the server's hello. `last`: the highest committed number of its boot."""
        self._last = last
        self.accept()
        return messages.welcome(now=now, boot=self._boot, last=last, window=window, idle_s=idle_s)

    def acknowledge(self, parcels: Sequence[Parcel]) -> bytes:
        """The rejections among `parcels`, and how far everything is committed."""
        answer = b""
        top = 0
        for parcel in parcels:
            top = max(top, parcel.top)
            if parcel.dead or parcel.refused:
                rejections = [*(row.rejection for row in parcel.dead), *parcel.refused]
                answer += b"".join(map(messages.rejected, rejections))
        if top:
            self._last = max(self._last, top)
            answer += messages.ack(self._last)
        return answer

    def ending(self, why: Ending, retry_ms: int | None = None) -> bytes:
        """The line that says why."""
        return messages.ending(why, retry_ms)

    def bye(self, retry_ms: int) -> bytes:
        """The line that says when to come back."""
        return messages.bye(retry_ms)

    def receive(
        self, data: bytes, fits: Profile, now: int, oldest: int
    ) -> tuple[Block, End | None]:
        """The messages in what was held and `data`, and what ends the connection, if anything.

        `now`, `oldest`: as for `shared.readings.parse`. What came before the end still counts.
        """
        block = Block()
        if self.state is not State.open:
            return block, None
        lines = self._lines(data)
        if len(lines) < WORTH or not self._all_readings(lines, block, fits, now, oldest):
            end = self._one_by_one(lines, block, fits, now, oldest)
            if end is not None:
                return block, self._end(end.why)
        if len(self._buffer) > LINE_BYTES:
            self._too_long(block, bytes(self._buffer))
            return block, self._end(Ending.line_too_long)
        return block, None

    def _all_readings(
        self, lines: list[bytes], block: Block, fits: Profile, now: int, oldest: int
    ) -> bool:
        """Take lines that are readings and nothing else, as devices most often send them."""
        size = sum(map(len, lines))
        if size > LINE_BYTES and max(map(len, lines)) > LINE_BYTES:
            return False
        readings = parse_block(lines, fits, now, oldest, self._highest)
        if readings is None:
            return False
        block.readings = readings
        block.size = size + len(lines)
        self._reached(readings[-1].seq, block)
        return True

    def _one_by_one(
        self, lines: list[bytes], block: Block, fits: Profile, now: int, oldest: int
    ) -> End | None:
        readings = block.readings
        highest = self._highest
        for line in lines:
            block.size += len(line) + 1
            message = parse(line, fits, now, oldest) if len(line) <= LINE_BYTES else None
            # The one case that happens a hundred thousand times a second.
            if message.__class__ is Reading and message.seq > highest:
                highest = message.seq
                readings.append(message)
                continue
            self._reached(highest, block)
            end = self._take(message, line, block, now)
            highest = self._highest
            if end is not None:
                return end
        self._reached(highest, block)
        return None

    def _lines(self, data: bytes) -> list[bytes]:
        """Cut off every whole line; the rest stays."""
        if self._buffer:
            if data.find(b"\n") < 0 and self._buffer.find(b"\n", self._scanned) < 0:
                self._buffer += data
                self._scanned = len(self._buffer)
                return []
            data = bytes(self._buffer) + data
            self._buffer.clear()
        lines = data.split(b"\n")
        rest = lines.pop()
        if rest:
            self._buffer += rest
        self._scanned = len(rest)
        return lines

    def _reached(self, highest: int, block: Block) -> None:
        if highest > self._highest:
            self._highest = block.top = highest

    def _take(self, message: Parsed | None, line: bytes, block: Block, now: int) -> End | None:
        """What is not simply the next reading."""
        if message is None:
            self._too_long(block, line)
            return self._end(Ending.line_too_long)
        if isinstance(message, Rejection):
            return self._reject(message, line, block, now)
        if message.seq <= self._highest:
            return self._unnumbered(line, block, now) if message.seq == 0 else End(Ending.bad_seq)
        self._highest = block.top = message.seq
        if isinstance(message, Reading):
            block.readings.append(message)
        else:
            block.events.append(message)
        return None

    def _unnumbered(self, line: bytes, block: Block, now: int) -> End | None:
        missing = Rejection(0, "bad_message", "a message needs s, its number", line)
        return self._count(missing, block, now)

    def _reject(self, rejection: Rejection, line: bytes, block: Block, now: int) -> End | None:
        if rejection.seq == 0:
            number = read_ping(line)
            if number is not None:
                block.pings.append(number)
                # Even numbers are answers to pings of ours.
                if number % 2:
                    block.reply += messages.pong(number)
                return self._count_ping(now)
            if not line.strip():
                return self._count_ping(now)
        else:
            if rejection.seq <= self._highest:
                return End(Ending.bad_seq)
            self._highest = block.top = rejection.seq
        return self._count(rejection, block, now)

    def _count(self, rejection: Rejection, block: Block, now: int) -> End | None:
        """Keep a rejection; more than twenty in a minute end the connection."""
        block.rejections.append(rejection)
        if self._rejects is None:
            self._rejects = deque(maxlen=REJECTS + 1)
        self._rejects.append(now)
        many = len(self._rejects) > REJECTS and now - self._rejects[0] < REJECTS_MS
        return End(Ending.too_many_rejects) if many else None

    def _count_ping(self, now: int) -> End | None:
        """More than a thousand in a minute end the connection."""
        if not 0 <= now - self._pings_since < PINGS_MS:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        return End(Ending.too_many_pings) if self._pings > PINGS else None

    def _too_long(self, block: Block, line: bytes) -> None:
        detail = f"a line is at most {LINE_BYTES} bytes; this began {clean(line[:40])}"
        block.rejections.append(Rejection(0, "line_too_long", detail, line[:KEPT_OF_TOO_LONG]))

    def _end(self, why: Ending) -> End:
        self.state = State.ended
        self._buffer.clear()
        return End(why)

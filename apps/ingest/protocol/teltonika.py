"""Teltonika's protocol over TCP, seen from the server: IMEI, then packets of records. Pure.

    > 000f 333536333037303432343431303133     length, IMEI
    < 01                                      let in; 00: not
    > 00000000 length codec count records count crc
    < 00000003                                three records are committed

Source: Teltonika Data Sending Protocols, https://wiki.teltonika-gps.com/view/Codec. What is not a
whole packet is waited for; what can never be one ends the connection. A packet that came whole
and can never be stored is kept and counted as taken, or the tracker would send it for ever.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from apps.ingest.protocol import imei
from apps.ingest.protocol.avl import MalformedError, Record, read_records
from apps.ingest.protocol.codec12 import CODEC_12
from apps.ingest.protocol.crc import crc16
from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.imei import Imei, read_imei
from apps.ingest.protocol.speech import Block, End, State
from shared.readings.check import Profile, Value, check, known
from shared.readings.content import content_number
from shared.readings.parcel import Parcel
from shared.readings.parse import Reading, Rejection, untimely
from shared.telemetry.clean import clean

# The vendor's packets have up to 1,280 bytes.
PACKET_BYTES: Final = 64 * 1024
# Preamble and length in front, the checksum behind.
HEAD: Final = 8
TAIL: Final = 4
# A codec's id and the two counts.
SHORTEST: Final = 3
PREAMBLE: Final = b"\0\0\0\0"
# A tracker's sign of life between packets.
PING: Final = 0xFF
ACCEPTED: Final = b"\x01"
REFUSED: Final = b"\x00"
NONE_TAKEN: Final = b"\0\0\0\0"
# What answers commands: nothing in it is to be stored, nothing is answered.
ANSWERS: Final = frozenset({CODEC_12, 0x0D, 0x0E})
# Packets of which something was not stored, and signs of life, in a minute.
BAD: Final = 20
PINGS: Final = 1_000
MINUTE_MS: Final = 60_000

_encode = msgspec.json.Encoder().encode


class TeltonikaProtocol:
    """One connection of a tracker. The answer to each packet waits for the commit of its records,
    and for those to packets before it.
    """

    __slots__ = ("_bad", "_buffer", "_due", "_let_in", "_pings", "_pings_since", "state")

    # The same record sent again is known by its time and its content.
    watermark: Final = False

    def __init__(self) -> None:
        self.state = State.greeting
        self._let_in = False
        self._buffer = bytearray()
        # For each block that has messages, what to answer once they are committed.
        self._due: deque[bytes] = deque()
        self._bad: deque[int] = deque(maxlen=BAD + 1)
        self._pings = 0
        self._pings_since = 0

    @property
    def held(self) -> int:
        """Bytes that are not yet a packet."""
        return len(self._buffer)

    def greet(self, data: bytes) -> Imei | End | None:
        """Bytes before the tracker is let in: its IMEI, what ends it, or nothing yet."""
        if self.state is not State.ended:
            self._buffer += data
        if self.state is not State.greeting:
            return None
        # The length is looked at before what it promises is waited for.
        length = imei.DIGITS.to_bytes(2)
        if not length.startswith(self._buffer[:2]):
            return self._end(Ending.bad_hello)
        if len(self._buffer) < 2 + imei.DIGITS:
            return None
        found = read_imei(bytes(self._buffer[2 : 2 + imei.DIGITS]))
        if found is None:
            return self._end(Ending.bad_hello)
        del self._buffer[: 2 + imei.DIGITS]
        self.state = State.waiting
        return found

    def welcome(self, *, now: int, last: int, window: int, idle_s: int) -> bytes:  # noqa: ARG002 - a tracker is told nothing of it
        """It is let in."""
        self._let_in = True
        self.state = State.open
        return ACCEPTED

    def receive(
        self, data: bytes, fits: Profile, now: int, oldest: int
    ) -> tuple[Block, End | None]:
        """The records in what was held and `data`, and what ends the connection, if anything."""
        block = Block()
        if self.state is not State.open:
            return block, None
        self._buffer += data
        answers: list[bytes] = []
        end: End | None = None
        while end is None and self._buffer:
            packet = self._next(block, now)
            if packet is None:
                break
            if isinstance(packet, End):
                end = packet
            else:
                end = self._take(packet, block, answers, (fits, now, oldest))
        self._answer(b"".join(answers), block)
        return block, None if end is None else self._end(end.why)

    def acknowledge(self, parcels: Sequence[Parcel]) -> bytes:
        """The counts of what was taken of each packet."""
        return b"".join([self._due.popleft() for _ in parcels])

    def ending(self, why: Ending, retry_ms: int | None = None) -> bytes:  # noqa: ARG002 - there are no words for it
        """Before it is let in, that it is not; afterwards there is nothing to say."""
        return b"" if self._let_in else REFUSED

    def bye(self, retry_ms: int) -> bytes:  # noqa: ARG002 - as above
        """There is nothing to say: a tracker comes back by itself."""
        return b""

    def _next(self, block: Block, now: int) -> bytes | End | None:
        """The next packet whole, with its checksum; none if it is not all there."""
        buffer = self._buffer
        while buffer and buffer[0] == PING:
            del buffer[0]
            end = self._ping(block, now)
            if end is not None:
                return end
        length = int.from_bytes(buffer[4:HEAD]) if len(buffer) >= HEAD else SHORTEST
        if not PREAMBLE.startswith(buffer[:4]) or length < SHORTEST:
            return End(Ending.bad_packet)
        whole = HEAD + length + TAIL
        if whole > PACKET_BYTES:
            return End(Ending.packet_too_long)
        if len(buffer) < whole:
            return None
        packet = bytes(buffer[:whole])
        del buffer[:whole]
        block.size += whole
        return packet

    def _take(
        self,
        packet: bytes,
        block: Block,
        answers: list[bytes],
        bounds: tuple[Profile, int, int],
    ) -> End | None:
        body = packet[HEAD:-TAIL]
        if crc16(body) != int.from_bytes(packet[-TAIL:]):
            answers.append(NONE_TAKEN)
            return self._count_bad(bounds[1])
        if body[0] in ANSWERS:
            return self._ping(block, bounds[1])
        answers.append(b"\0\0\0" + body[1:2])
        before = len(block.rejections)
        try:
            for record in read_records(body[0], body):
                _store(record, block, *bounds)
        except MalformedError as error:
            block.rejections.append(Rejection(0, "bad_packet", str(error), packet.hex().encode()))
        return self._count_bad(bounds[1]) if len(block.rejections) > before else None

    def _answer(self, answers: bytes, block: Block) -> None:
        """Keep `answers` until what came before them is committed; at once if nothing did."""
        if block.count:
            self._due.append(answers)
        elif self._due:
            self._due[-1] += answers
        else:
            block.reply = answers

    def _count_bad(self, now: int) -> End | None:
        """More than twenty in a minute end the connection."""
        self._bad.append(now)
        many = len(self._bad) > BAD and now - self._bad[0] < MINUTE_MS
        return End(Ending.too_many_rejects) if many else None

    def _ping(self, block: Block, now: int) -> End | None:
        """A sign of life; more than a thousand in a minute end the connection."""
        block.pings.append(0)
        if not 0 <= now - self._pings_since < MINUTE_MS:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        return End(Ending.too_many_pings) if self._pings > PINGS else None

    def _end(self, why: Ending) -> End:
        self.state = State.ended
        self._buffer.clear()
        return End(why)


def _store(record: Record, block: Block, fits: Profile, now: int, oldest: int) -> None:
    """Put the readings of `record` into `block`, or why they can never be stored."""
    late = untimely(record.ts, now, oldest)
    for content, values in record.parts():
        body = _encode(values)
        number = content_number(content)
        problem = late or _misfit(values, fits)
        if problem is None:
            block.readings.append(Reading(number, record.ts, body, values))
            continue
        code, detail = problem
        line = b'{"s":%d,"t":%d,"v":%b}' % (number, record.ts, body)
        block.rejections.append(Rejection(number, code, clean(detail), line))


def _misfit(values: dict[str, Value], fits: Profile) -> tuple[str, str] | None:
    return None if known(values, fits) else check(values, fits)

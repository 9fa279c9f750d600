"""What a Teltonika tracker writes: its IMEI and packets of Codec 8 Extended. Pure.

Source: Teltonika Data Sending Protocols, https://wiki.teltonika-gps.com/view/Codec. Written without
the server's decoder, so that one is a test of the other.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

CODEC: Final = 0x8E
# The count of records is one byte; the vendor's trackers keep packets below 1,280 bytes.
MOST_RECORDS: Final = 255
_SIZES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One record: when (epoch ms) and where, degrees, metres, km/h. `io`: id → value, a number of
    up to 8 bytes or bytes of any length.
    """

    t: int
    lat: float = 0.0
    lon: float = 0.0
    alt: int = 0
    angle: int = 0
    satellites: int = 0
    speed: int = 0
    priority: int = 0
    event: int = 0
    io: Mapping[int, int | bytes] = field(default_factory=dict)


def hello(imei: str) -> bytes:
    """What a tracker says first."""
    return struct.pack(">H", len(imei)) + imei.encode("ascii")


def packet(fixes: Sequence[Fix]) -> bytes:
    """The packet that carries `fixes`, up to 255."""
    if len(fixes) > MOST_RECORDS:
        raise ValueError(f"a packet has at most {MOST_RECORDS} records")
    count = bytes([len(fixes)])
    return framed(bytes([CODEC]) + count + b"".join(map(_record, fixes)) + count)


def framed(body: bytes) -> bytes:
    """`body`, from the codec's id to the second count, as a packet."""
    return struct.pack(">II", 0, len(body)) + body + struct.pack(">I", checksum(body))


def checksum(data: bytes) -> int:
    """CRC-16/IBM, byte by byte."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _BYTES[(crc ^ byte) & 0xFF]
    return crc


def _bits(crc: int) -> int:
    for _ in range(8):
        crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


_BYTES: Final = [_bits(byte) for byte in range(256)]


def _record(fix: Fix) -> bytes:
    head = struct.pack(
        ">QBiihHBH",
        fix.t,
        fix.priority,
        round(fix.lon * 1e7),
        round(fix.lat * 1e7),
        fix.alt,
        fix.angle,
        fix.satellites,
        fix.speed,
    )
    return head + struct.pack(">HH", fix.event, len(fix.io)) + _elements(fix.io)


def _elements(io: Mapping[int, int | bytes]) -> bytes:
    parts = []
    for size, kind in _SIZES.items():
        several = [(element, value) for element, value in io.items() if _size(value) == size]
        parts.append(struct.pack(">H", len(several)))
        parts += [struct.pack(f">H{kind}", *pair) for pair in several]
    texts = [(element, value) for element, value in io.items() if isinstance(value, bytes)]
    parts.append(struct.pack(">H", len(texts)))
    parts += [struct.pack(">HH", element, len(value)) + value for element, value in texts]
    return b"".join(parts)


def _size(value: int | bytes) -> int:
    """Bytes that a number takes; 0 for what is none."""
    if isinstance(value, bytes):
        return 0
    return next(size for size in _SIZES if value < 1 << 8 * size)

"""Records of Teltonika trackers: Codec 8 and Codec 8 Extended. Pure.

Source of both layouts: Teltonika Data Sending Protocols, https://wiki.teltonika-gps.com/view/Codec.
A record is a time, a priority, a position and any number of elements, each an id and a value of 1,
2, 4 or 8 bytes, in the extended codec also of any length. Metrics: `lat` and `lon` in degrees,
`alt` in metres, `angle` in degrees from north, `sat`, `speed` in km/h, `prio`, `event` (the id of
the element that was the reason for the record, where one was) and `io.<id>`, whole numbers as they
came, hexadecimal digits for what is of any length or above 2^53-1. A further value of an id has
its number behind it: `io.9`, `io.9.2`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class in spite of its name
from typing import Final

from shared.readings.check import METRICS, Value
from shared.readings.compiled import LARGEST_INT, TEXT

CODEC_8: Final = 0x08
CODEC_8_EXTENDED: Final = 0x8E
DEGREE: Final = 10_000_000

# Time (ms), priority, longitude, latitude, altitude, angle, satellites, speed.
_HEAD: Final = Struct(">QBiihHBH")
_BYTE: Final = Struct(">B")
_SHORT: Final = Struct(">H")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a codec writes elements: the size of ids and counts, pairs of id and value by the size
    of the value, and whether there are values of any length.
    """

    number: Struct
    pairs: tuple[Struct, ...]
    variable: Struct | None


LAYOUTS: Final = {
    CODEC_8: Layout(_BYTE, tuple(Struct(f">B{kind}") for kind in "BHIQ"), None),
    CODEC_8_EXTENDED: Layout(_SHORT, tuple(Struct(f">H{kind}") for kind in "BHIQ"), Struct(">HH")),
}


@dataclass(frozen=True, slots=True)
class Record:
    """`ts` is the tracker's time in epoch ms, `raw` the record's bytes."""

    ts: int
    values: dict[str, Value]
    raw: bytes

    def parts(self) -> Iterator[tuple[bytes, dict[str, Value]]]:
        """The readings that it is: one, or as many as its metrics need, each with bytes that tell
        it from every other of the tracker.
        """
        if len(self.values) <= METRICS:
            yield self.raw, self.values
            return
        items = list(self.values.items())
        for start in range(0, len(items), METRICS):
            yield b"%b\n%d" % (self.raw, start), dict(items[start : start + METRICS])


class MalformedError(ValueError):
    """The bytes are not what their codec says."""


def read_records(codec: int, body: bytes) -> list[Record]:
    """The records of a packet, whose `body` goes from the codec's id to the second count.

    Raises `MalformedError`, also where bytes are left over.
    """
    layout = LAYOUTS.get(codec)
    if layout is None:
        raise MalformedError(f"codec {codec:02X} is not known here")
    try:
        records, at = [], 2
        for _ in range(body[1]):
            record, at = _read(layout, body, at)
            records.append(record)
    except (StructError, IndexError):
        raise MalformedError("a record goes on beyond the end of the packet") from None
    if at != len(body) - 1:
        raise MalformedError(f"{len(body) - 1 - at} bytes are left over behind the records")
    if body[-1] != body[1]:
        raise MalformedError(f"{body[1]} records in the beginning, {body[-1]} in the end")
    return records


def _read(layout: Layout, body: bytes, start: int) -> tuple[Record, int]:
    ts, priority, lon, lat, alt, angle, satellites, speed = _HEAD.unpack_from(body, start)
    values: dict[str, Value] = {
        "lat": lat / DEGREE,
        "lon": lon / DEGREE,
        "alt": alt,
        "angle": angle,
        "sat": satellites,
        "speed": speed,
        "prio": priority,
    }
    (event,) = layout.number.unpack_from(body, start + _HEAD.size)
    if event:
        values["event"] = event
    # The total, which is passed over, says nothing that the counts do not say.
    at = start + _HEAD.size + 2 * layout.number.size
    elements, at = _read_elements(layout, body, at)
    further: dict[str, int] = {}
    for element, value in elements:
        name = _name(element)
        if name in values:
            further[name] = further.get(name, 1) + 1
            name = f"{name}.{further[name]}"
        values[name] = value
    return Record(ts, values, body[start:at]), at


def _read_elements(layout: Layout, body: bytes, at: int) -> tuple[list[tuple[int, int | str]], int]:
    """Ids and values, and where they end."""
    elements: list[tuple[int, int | str]] = []
    for pair in layout.pairs:
        (count,) = layout.number.unpack_from(body, at)
        at += layout.number.size
        end = at + count * pair.size
        if end >= len(body):
            raise IndexError
        if pair is layout.pairs[-1]:
            # Numbers of chips and cards among them, which no double holds.
            elements += [
                (element, value if value <= LARGEST_INT else f"{value:016x}")
                for element, value in pair.iter_unpack(body[at:end])
            ]
        else:
            elements += pair.iter_unpack(body[at:end])
        at = end
    if layout.variable is not None:
        at = _read_variable(layout.variable, body, at, elements)
    return elements, at


def _read_variable(
    head: Struct, body: bytes, at: int, elements: list[tuple[int, int | str]]
) -> int:
    (count,) = _SHORT.unpack_from(body, at)
    at += _SHORT.size
    for _ in range(count):
        element, length = head.unpack_from(body, at)
        at += head.size
        if at + length >= len(body):
            raise IndexError
        digits = body[at : at + length].hex()
        at += length
        # What is longer than a text may be goes on in another.
        pieces = range(0, max(1, len(digits)), TEXT)
        elements += [(element, digits[piece : piece + TEXT]) for piece in pieces]
    return at


@lru_cache(maxsize=65_536)
def _name(element: int) -> str:
    return f"io.{element}"

"""Changes of an input that keep much of what makes it a message."""

import random
import re
from collections.abc import Callable
from typing import Final

from apps.ingest.protocol.messages import LINE_BYTES
from tests.fuzz.oracle import HEAD

MOST: Final = 2_048
LONG: Final = 0.02
TOKENS: Final = (
    b'"', b"\\", b"\\u0022", b"\\ud800", b"\\n", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r\n",
    b"\0", b"\x7f", b"\x1f", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"null", b"true", b"false", b"NaN", b"-Infinity", b" ", b"\t",
    b'"s":', b'"t":', b'"v":', b'"e":', b'"d":', b'"p":', b'"temp":', b'"state":', b'"m0":1,',
    b'"s":1,', b'"v":{"temp":1},', b'"device":"x",', b'"boot":1,', b'{"p":1}\n', b'{"hello":1}\n',
    b'"\\u0073":1,', b'{"a":', b"[[[[[[[[",
)  # fmt: skip
NUMBERS: Final = (
    b"0", b"-0", b"1", b"-1", b"00", b"1.0", b"1.", b".5", b"1e5", b"1E-400", b"1e400", b"-1e400",
    b"0.5", b"0.75", b"0.7500000000000001", b"125.5", b"-40.0", b"9007199254740991",
    b"9007199254740992", b"-9007199254740992", b"9223372036854775807", b"9223372036854775808",
    b"18446744073709551616", b"1" * 400, b"1" * 5_000, b"1763740800000", b"1763741400001",
    b"1763654400000", b"1763654399999", b"4294967296", b"2.2250738585072014e-308", b"1e",
)  # fmt: skip
_NUMBER: Final = re.compile(rb"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PAIR: Final = re.compile(rb'"[a-z0-9_.]+":("[^"\n]*"|[^,{}\[\]\n"]+)')
_LETTER: Final = re.compile(rb'(?<=")[a-zA-Z0-9_.]|"(?=[a-z])')

Mutation = Callable[[bytes, random.Random, bytes], bytes]


def mutate(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """`data` after one to five changes; `other` is another input to take from."""
    head, stream = data[:HEAD].ljust(HEAD, b"\0"), data[HEAD:]
    if rng.random() < 0.2:
        head = bytes((rng.randrange(32), rng.randrange(256), rng.randrange(256)))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        change = _pad if rng.random() < LONG else rng.choice(MUTATIONS)
        stream = change(stream, rng, other[HEAD:])
    # Few are long: most of what there is to find is in short ones, and they take less time.
    most = LINE_BYTES + 4_096 if rng.random() < LONG else MOST
    return head + stream[:most]


def _flip(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    if not data:
        return b"\0"
    at = rng.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def _insert(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(TOKENS) + data[at:]


def _overwrite(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    token = rng.choice(TOKENS)
    return data[:at] + token + data[at + len(token) :]


def _delete(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    start, stop = _range(data, rng)
    return data[:start] + data[stop:]


def _repeat(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    start, stop = _range(data, rng)
    return data[:stop] + data[start:stop] * rng.choice((1, 2, 20, 70)) + data[stop:]


def _splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    start, stop = _range(other, rng)
    at = rng.randrange(len(data) + 1)
    return data[:at] + other[start:stop] + data[at:]


def _add_lines(data: bytes, rng: random.Random, other: bytes) -> bytes:
    lines = data.split(b"\n") + other.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines[: rng.randrange(1, len(lines) + 1)]) + b"\n"


def _number(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    one = rng.choice(found)
    return data[: one.start()] + rng.choice(NUMBERS) + data[one.end() :]


def _twice(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    """A key and its value stand twice, the second time perhaps with another value."""
    found = list(_PAIR.finditer(data))
    if not found:
        return data
    one = rng.choice(found)
    again = one[0]
    if rng.random() < 0.5:
        again = again.partition(b":")[0] + b":" + rng.choice(found)[1]
    return data[: one.end()] + b"," + again + data[one.end() :]


def _escape(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    """A character is written as its escape."""
    found = list(_LETTER.finditer(data))
    if not found:
        return data
    one = rng.choice(found)
    return data[: one.start()] + b"\\u%04x" % one[0][0] + data[one.end() :]


def _pad(data: bytes, rng: random.Random, _other: bytes) -> bytes:
    """A line becomes about as long as lines may be, or as long as an event's data."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    most = LINE_BYTES if rng.random() < 0.2 else 8_192
    lines[at] += b" " * max(0, most - len(lines[at]) + rng.randrange(-2, 3))
    return b"\n".join(lines)


def _range(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + int(rng.expovariate(1 / 12)) + 1)


MUTATIONS: Final[tuple[Mutation, ...]] = (
    _flip, _insert, _insert, _overwrite, _delete, _delete, _repeat, _splice, _add_lines,
    _number, _number, _twice, _escape,
)  # fmt: skip

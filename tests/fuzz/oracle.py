"""What must hold of any bytes that a device sends.

An input is what a connection receives, after three bytes that choose: the profile and how far back
times may lie, then where the bytes are cut into reads.
"""

import json
import random
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from apps.ingest.protocol import messages
from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.line import PINGS, REJECTS, LineProtocol
from apps.ingest.protocol.messages import LINE_BYTES, Hello
from apps.ingest.protocol.speech import Block, End, State
from shared.readings.check import Profile, profile
from shared.readings.parse import EVENT_BYTES, Event, Parsed, Reading, Rejection, parse
from tests.fuzz.reference import DAY_MS, NOW, Declared, decode, is_event, is_reading, same

HEAD: Final = 3
HELLO: Final = b'{"hello":1,"device":"pump-7","token":"dt_x","boot":12,"fw":"2.4.1"}\n'
# How deep an event's data surely may be, and surely may not be.
SURE_DEPTH, MOST_DEPTH = 20, 24
CODES: Final = {
    "not_json", "bad_message", "duplicate_key", "out_of_range", "wrong_type", "unknown_metric",
    "future", "too_old", "line_too_long",
}  # fmt: skip
# As in the parser, which keeps what is longer to itself.
DETAIL: Final = 200

ROOM: Final[dict[str, dict[str, Any]]] = {
    "temp": {"type": "number", "unit": "°C", "min": -40, "max": 125.5},
    "door": {"type": "boolean"},
    "state": {"type": "text"},
}
NARROW: Final[dict[str, dict[str, Any]]] = {
    "temp": {"type": "number", "min": 0.5, "max": 0.75},
    "co2": {"type": "number", "min": 0},
    "far": {"type": "number", "max": 2**60},
}
MANY: Final[dict[str, dict[str, Any]]] = {f"m{n}": {"type": "number"} for n in range(64)}
PROFILES: Final = [
    (metrics, strict) for metrics in ({}, ROOM, NARROW, MANY) for strict in (False, True)
]
_COMPILED: Final = [profile(metrics, strict=strict) for metrics, strict in PROFILES]
_CAREFUL: Final = [replace(fits, fast=None) for fits in _COMPILED]


class BrokenError(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True)
class Case:
    """An input as what it chooses. `greeted`: the hello was read and found good before."""

    number: int
    declared: Declared
    fits: Profile
    greeted: bool
    cuts: int
    stream: bytes


def case(data: bytes) -> Case:
    head = data[:HEAD].ljust(HEAD, b"\0")
    number = head[0] & 7
    metrics, strict = PROFILES[number]
    declared = Declared(metrics, strict, NOW - DAY_MS if head[0] & 8 else 0)
    fits = _COMPILED[number]
    if fits.fast is not None:
        fits.fast.misses = 0
    return Case(number, declared, fits, not head[0] & 16, head[1] << 8 | head[2], data[HEAD:])


def judge(data: bytes) -> set[object]:
    """What was met on the way, to know new inputs by. Raises `BrokenError`, or whatever escapes."""
    given = case(data)
    whole = run(given, [given.stream])
    split = run(given, cut(given.stream, given.cuts))
    demand(whole.told() == split.told(), "bytes mean something else when they are cut")
    if given.greeted:
        check_lines(given, whole)
    return {whole.end and whole.end.why, *map(_met, whole.block.rejections), whole.line.state}


@dataclass
class Run:
    """A connection after its bytes: everything it gave, in order, and what ended it."""

    line: LineProtocol
    block: Block
    hello: Hello | None = None
    end: End | None = None

    def told(self) -> tuple[object, ...]:
        block = self.block
        items = (plain(block.readings), block.events, block.rejections, block.pings, block.top)
        # A line that is too long may be given up before its end came.
        size = None if self.end == End(Ending.line_too_long) else block.size
        return (*items, size, self.hello, self.end, self.line.state)


def run(given: Case, reads: list[bytes]) -> Run:
    """Give a connection these reads."""
    done = Run(LineProtocol(), Block())
    if given.greeted:
        demand(isinstance(done.line.greet(HELLO), Hello), "a hello is not taken")
        done.line.accept()
    for read in reads:
        _read(done, read, given)
        held = done.line.held
        demand(held <= LINE_BYTES or done.line.state is State.waiting, "too much is held")
        if done.line.state is State.waiting:
            # The shell stops reading here; what it had read already is held.
            done.line.accept()
            _take(done, b"", given)
    return done


def _read(done: Run, read: bytes, given: Case) -> None:
    if done.line.state is State.open:
        _take(done, read, given)
        return
    got = done.line.greet(read)
    if isinstance(got, Hello):
        done.hello = got
    elif got is not None:
        demand(done.line.state is State.ended, "what ended the connection left it open")
        done.end = got


def _take(done: Run, read: bytes, given: Case) -> None:
    block, end = done.line.receive(read, given.fits, NOW, given.declared.oldest)
    demand(end is None or done.end is None, "a connection ends twice")
    demand(block.count == 0 or block.top == 0 or block.top > done.block.top, "numbers do not rise")
    into = done.block
    into.readings += block.readings
    into.events += block.events
    into.rejections += block.rejections
    into.pings += block.pings
    into.top = max(into.top, block.top)
    into.size += block.size
    done.end = end or done.end


def cut(stream: bytes, seed: int) -> list[bytes]:
    """The stream in reads: for a few seeds byte by byte, else in some pieces."""
    if seed % 16 == 0 and len(stream) < 500:
        return [stream[at : at + 1] for at in range(len(stream))]
    rng = random.Random(seed)
    places = sorted(rng.randrange(len(stream) + 1) for _ in range(rng.randrange(1, 8)))
    return [stream[start:stop] for start, stop in pairwise([0, *places, len(stream)])]


def check_lines(given: Case, done: Run) -> None:
    """Each line that was taken was answered once, as it stands by itself."""
    left = done.block.size
    expected = Block()
    why: Ending | None = None
    rejects = pings = 0
    for line in given.stream.split(b"\n")[:-1]:
        if left <= 0:
            break
        demand(why is None, "lines are taken after the end")
        left -= len(line) + 1
        pings += not line.strip() or messages.read_ping(line) is not None
        why = _expect(given, line, expected) or (Ending.too_many_pings if pings > PINGS else None)
        if len(expected.rejections) > rejects:
            rejects = len(expected.rejections)
            why = why or (Ending.too_many_rejects if rejects > REJECTS else None)
    demand(left == 0, "the size is not that of the lines")
    # What was still coming when it had become too long was no line yet.
    if why is None and done.end == End(Ending.line_too_long):
        expected.rejections += done.block.rejections[-1:]
        why = Ending.line_too_long
    demand(plain(done.block.readings) == plain(expected.readings), "readings are not the lines'")
    for name in ("events", "pings", "top"):
        demand(getattr(done.block, name) == getattr(expected, name), f"{name} are not the lines'")
    told = [(item.seq, item.code) for item in done.block.rejections]
    demand(told == [(item.seq, item.code) for item in expected.rejections], "rejections differ")
    demand(done.end == (End(why) if why else None), "it ends otherwise")


def _expect(given: Case, line: bytes, into: Block) -> Ending | None:
    if len(line) > LINE_BYTES:
        into.rejections.append(Rejection(0, "line_too_long", "", line))
        return Ending.line_too_long
    parsed = check_line(given, line)
    seq = parsed.seq
    if isinstance(parsed, Rejection) and seq == 0:
        number = messages.read_ping(line)
        if number is not None:
            into.pings.append(number)
        elif line.strip():
            into.rejections.append(parsed)
        return None
    if seq == 0:
        into.rejections.append(Rejection(0, "bad_message", "", line))
        return None
    if seq <= into.top:
        return Ending.bad_seq
    into.top = seq
    if isinstance(parsed, Reading):
        into.readings.append(parsed)
    elif isinstance(parsed, Event):
        into.events.append(parsed)
    else:
        into.rejections.append(parsed)
    return None


def check_line(given: Case, line: bytes) -> Parsed:
    """What a line is, which every way to read it says, Python's json too."""
    oldest = given.declared.oldest
    parsed = parse(line, given.fits, NOW, oldest)
    careful = parse(line, _CAREFUL[given.number], NOW, oldest)
    demand(alike(parsed, careful), "the fast and the careful way differ")
    addressed = parse(line, given.fits, NOW, oldest, addressed=True)
    if isinstance(parsed, Reading | Event):
        demand(alike(parsed, addressed), "it is another message over HTTP")
    try:
        found = decode(line)
    except (ValueError, RecursionError):
        found = None
    if isinstance(parsed, Reading):
        demand(is_reading(found, given.declared), "this is no reading")
        demand(same(json.loads(parsed.body), found["v"]), "values are not what was sent")
        demand(same(parsed.values, found["v"]), "decoded values are not what was sent")
    elif isinstance(parsed, Event):
        demand(is_event(found, given.declared, deepest=MOST_DEPTH), "this is no event")
        demand(same(json.loads(parsed.data), found.get("d", {})), "data is not what was sent")
        demand(len(parsed.data) <= EVENT_BYTES, "data is too long")
        demand(parsed.name == found["e"], "the name is not what was sent")
    else:
        _check_rejection(given, line, parsed, found)
    if not isinstance(parsed, Rejection):
        demand(parsed.seq == found.get("s", 0), "the number is not what was sent")
        demand(parsed.ts == found.get("t", NOW), "the time is not what was sent")
    return parsed


def _check_rejection(given: Case, line: bytes, parsed: Rejection, found: Any) -> None:
    demand(parsed.raw == line, "not the line is kept")
    demand(parsed.code in CODES, "an unknown code")
    demand(0 < len(parsed.detail) <= DETAIL or not line, "no detail, or a long one")
    answer = messages.rejected(parsed)
    demand(answer.count(b"\n") == 1 and json.loads(answer)["n"] == parsed.seq, "no answer")
    if found is None:
        return
    demand(not is_reading(found, given.declared), "a good reading is refused")
    good = is_event(found, given.declared, deepest=SURE_DEPTH) and len(line) <= EVENT_BYTES
    demand(not good, "a good event is refused")
    if parsed.seq:
        demand(parsed.seq == found["s"], "another number is refused")


def alike(one: Parsed, other: Parsed) -> bool:
    """Whether two ways to read a line come to the same."""
    if type(one) is not type(other) or one.seq != other.seq:
        return False
    if isinstance(one, Reading) and isinstance(other, Reading):
        return one.ts == other.ts and same(one.values, other.values)
    if isinstance(one, Rejection) and isinstance(other, Rejection):
        return one.code == other.code
    return one == other


def plain(readings: list[Reading]) -> list[tuple[int, int, bytes]]:
    """Readings without how they were decoded."""
    return [(reading.seq, reading.ts, reading.body) for reading in readings]


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise BrokenError(what)


def _met(rejection: Rejection) -> object:
    """The kind of a rejection: its words, without what the line put into them."""
    words = [word for word in rejection.detail.split()[:12] if word.isascii()]
    own = tuple(word for word in words if word.strip("`:,.").encode() not in rejection.raw)
    known = tuple(word for word in own if word.strip("`:,.()-$[]").isalpha())
    return rejection.code, known, rejection.seq > 0

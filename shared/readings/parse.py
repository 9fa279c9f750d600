"""One message's bytes as a reading, an event or a rejection. Pure.

The format is device-protocol's: a JSON object with `s`, `t` and either `v` or `e` and `d`.
"""

import json
from typing import Annotated, Any, Final, NoReturn

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.readings.check import NAME, Profile, Value, check, known
from shared.readings.compiled import LARGEST_INT, TEXT, Compiled, Seq, Time
from shared.telemetry.clean import clean

AHEAD_MS: Final = 600_000
EVENT_BYTES: Final = 8_192
# MariaDB's JSON takes 32 levels, the event's data lies one level deep.
DEPTH: Final = 24
QUOTE: Final = b'"'
BACKSLASH: Final = b"\\"
# The shortest values: one metric, one digit.
SHORTEST: Final = len(b'{"a":1}')

Boot = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class Reading(msgspec.Struct, frozen=True, gc=False):
    """`body` is the values as JSON.

    `decoded` is metric → value; none if the profile's decoder took it, which has only metrics
    that are declared.
    """

    seq: int
    ts: int
    body: bytes
    decoded: dict[str, Value] | None

    @property
    def values(self) -> dict[str, Value]:
        """Metric → value."""
        return _decode_values(self.body) if self.decoded is None else self.decoded


class Event(msgspec.Struct, frozen=True, gc=False):
    """`data` is a JSON object."""

    seq: int
    ts: int
    name: str
    data: bytes


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """A message that can never be stored. `seq` is 0 where the message has no number."""

    seq: int
    code: str
    detail: str
    raw: bytes


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    s: Seq | UnsetType = UNSET
    t: Time | UnsetType = UNSET
    v: dict[str, bool | int | float | str] | UnsetType = UNSET
    e: str | UnsetType = UNSET
    d: msgspec.Raw | UnsetType = UNSET


Bounded = (
    Annotated[int, Meta(ge=-LARGEST_INT, le=LARGEST_INT)]
    | float
    | bool
    | Annotated[str, Meta(max_length=TEXT)]
)


class _Bounded(_Message, forbid_unknown_fields=True, gc=False):
    # The same with the bounds of values, which cost nothing while decoding. What is beyond them
    # is decoded again without, to say which value it is.
    v: dict[str, Bounded] | UnsetType = UNSET


class Address(msgspec.Struct, gc=False):
    """Whose message it is, where it does not come over the device's own connection."""

    device: str | UnsetType = UNSET
    boot: Boot | UnsetType = UNSET
    s: Seq | UnsetType = UNSET
    t: Time | UnsetType = UNSET


class _Addressed(_Message, forbid_unknown_fields=True, gc=False):
    device: str | UnsetType = UNSET
    boot: Boot | UnsetType = UNSET


class _Number(msgspec.Struct, gc=False):
    s: Seq


_decode = msgspec.json.Decoder(_Message).decode
_decode_bounded = msgspec.json.Decoder(_Bounded).decode
_decode_values = msgspec.json.Decoder(dict[str, bool | int | float | str]).decode
_decode_addressed = msgspec.json.Decoder(_Addressed).decode
_decode_address = msgspec.json.Decoder(Address).decode
_decode_number = msgspec.json.Decoder(_Number).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


Parsed = Reading | Event | Rejection


def parse_address(line: bytes) -> Address | Rejection:
    """Whose message `line` is, by `device` and `boot`; the rest of it is not looked at."""
    try:
        return _decode_address(line)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        return reject(line, error)


def parse(line: bytes, fits: Profile, now: int, oldest: int, *, addressed: bool = False) -> Parsed:
    """What `line` says. `addressed`: it may have `device` and `boot`.

    `now` is when it was received (epoch ms), also its time if it has none; a device time before
    `oldest` or more than ten minutes after `now` is rejected. `seq` is 0 where the line has none.
    """
    fast = fits.fast
    if fast is not None and not addressed:
        if fast.worth:
            return _parse_fast(line, fast, fits, now, oldest)
        fast.passes()
    if not addressed:
        try:
            message = _decode_bounded(line)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return _look_closely(line, fits, now, oldest, addressed)
        values = message.v
        if values is not UNSET and message.e is UNSET and known(values, fits):
            reading = _reading(line, message, values, now, oldest)
            if reading is not None:
                return reading
    return _look_closely(line, fits, now, oldest, addressed)


def _parse_fast(line: bytes, fast: Compiled, fits: Profile, now: int, oldest: int) -> Parsed:
    try:
        message = fast.decode(line)
    except (msgspec.DecodeError, RecursionError, ValueError):
        parsed = _look_closely(line, fits, now, oldest, addressed=False)
        fast.misses += parsed.__class__ is Reading
        return parsed
    if fast.misses:
        fast.misses -= 1
    return _reading(line, message, None, now, oldest) or _look_closely(
        line, fits, now, oldest, addressed=False
    )


def _reading(
    line: bytes, message: Any, values: dict[str, Value] | None, now: int, oldest: int
) -> Reading | None:
    """The reading in `message`, whose values fit; none where something needs a closer look."""
    seq, ts = message.s, message.t
    body = _encode(message.v)
    # Without a backslash in it, a body has no more quotes than what it was decoded from.
    if seq is UNSET or len(body) < SHORTEST or BACKSLASH in body:
        return None
    # Every quote of the line is accounted for by what was decoded, or else something was there
    # twice or written with escapes.
    quotes = line.count(QUOTE) - body.count(QUOTE)
    if ts is UNSET:
        return Reading(seq, now, body, values) if quotes == 4 else None
    if quotes != 6 or not oldest <= ts <= now + AHEAD_MS:
        return None
    return Reading(seq, ts, body, values)


def _look_closely(line: bytes, fits: Profile, now: int, oldest: int, addressed: bool) -> Parsed:
    """As `parse`, without haste: says what is wrong."""
    try:
        message = _decode_addressed(line) if addressed else _decode(line)
        values = message.v
        if values is UNSET or message.e is not UNSET or message.d is not UNSET:
            return _event(line, message, now, oldest)
        _refuse_duplicates(line)
        problem = check(values, fits) or _untimely(message, now, oldest)
        seq = 0 if message.s is UNSET else message.s
        if problem is not None:
            code, detail = problem
            # It may name a metric, and a name that nobody declared is as long as the line.
            return Rejection(seq, code, clean(detail), line)
        ts = now if message.t is UNSET else message.t
        return Reading(seq, ts, _encode(values), values)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        return reject(line, error)


def reject(line: bytes, error: Exception) -> Rejection:
    """The rejection of a line that could not be taken, with its number if one can be read."""
    code, detail = _reason(error)
    try:
        seq = 0 if code == "not_json" else _decode_number(line).s
    except (msgspec.DecodeError, RecursionError, ValueError):
        seq = 0
    return Rejection(seq, code, clean(detail), line)


def _reason(error: Exception) -> tuple[str, str]:
    if isinstance(error, _RefusedError):
        return error.code, str(error)
    if isinstance(error, RecursionError):
        return "bad_message", "nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return "bad_message", str(error)
    return "not_json", str(error)


class _RefusedError(ValueError):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def _untimely(message: _Message, now: int, oldest: int) -> tuple[str, str] | None:
    return None if message.t is UNSET else untimely(message.t, now, oldest)


def untimely(ts: int, now: int, oldest: int) -> tuple[str, str] | None:
    """Code and detail where a device's time lies outside of what is taken."""
    if ts > now + AHEAD_MS:
        return "future", f"t is {(ts - now) // 1000} s ahead of the server's time"
    if ts < oldest:
        return "too_old", "t is older than what the organisation keeps"
    return None


def _event(line: bytes, message: _Message, now: int, oldest: int) -> Event | Rejection:
    name = message.e
    if name is UNSET or message.v is not UNSET:
        raise _RefusedError("bad_message", "a message has either v, or e and d")
    if NAME.fullmatch(name) is None:
        raise _RefusedError("bad_message", "an event's name is [a-z][a-z0-9_.]{0,63}")
    data = b"{}" if message.d is UNSET else bytes(message.d)
    if len(data) > EVENT_BYTES:
        raise _RefusedError("bad_message", f"an event's data is at most {EVENT_BYTES} bytes")
    _check_data(_decode_object(data), DEPTH)
    _refuse_duplicates(line)
    seq = 0 if message.s is UNSET else message.s
    problem = _untimely(message, now, oldest)
    if problem is not None:
        return Rejection(seq, *problem, line)
    return Event(seq, now if message.t is UNSET else message.t, name, data)


def _check_data(value: Any, depth: int) -> None:
    if depth == 0:
        raise _RefusedError("bad_message", f"an event's data is at most {DEPTH} levels deep")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _check_data(item, depth - 1)
    elif isinstance(value, int) and not -LARGEST_INT <= value <= LARGEST_INT:
        raise _RefusedError("out_of_range", "an integer is at most 2^53-1")


def _refuse_duplicates(line: bytes) -> None:
    json.loads(line, object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError("duplicate_key", "a key stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _RefusedError("not_json", f"{name} is not JSON")

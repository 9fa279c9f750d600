"""Many lines of one device at once. Pure.

What a device sends most is one reading after the other. Those are decoded, checked and written
out again a block at a time, each step one call for all of them; a block in which anything else
is found is left to `shared.readings.parse`, line by line.
"""

from collections.abc import Callable, Sequence
from itertools import islice, repeat
from operator import attrgetter, lt
from typing import Any, Final

import msgspec

from shared.readings.check import Profile, all_known
from shared.readings.compiled import Seq, Time
from shared.readings.parse import AHEAD_MS, BACKSLASH, QUOTE, SHORTEST, Bounded, Reading

# Below this the calls cost more than they save.
WORTH: Final = 4
BETWEEN: Final = b"}\n{"
# Around the names s, t and v.
QUOTES: Final = 6


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    v: dict[str, Bounded]
    s: Seq
    t: Time


_decode: Final[Callable[[bytes], list[Any]]] = msgspec.json.Decoder(_Message).decode_lines
_encode = msgspec.json.Encoder().encode_lines
_number = attrgetter("s")
_time = attrgetter("t")
_values = attrgetter("v")


def parse_block(
    lines: Sequence[bytes], fits: Profile, now: int, oldest: int, after: int
) -> list[Reading] | None:
    """What `lines` say if each is a reading like any other, with rising numbers above `after`.

    None if any of them needs a closer look. The rest is as for `parse`; lines are not measured.
    """
    block = b"\n".join(lines)
    messages = _decoded(block, len(lines), fits)
    if messages is None:
        return None
    values = list(map(_values, messages))
    encoded = _encode(values)
    # Every quote of the block is accounted for by what was decoded, or else something was there
    # twice: without escapes no line can have fewer than its share.
    if block.count(QUOTE) != encoded.count(QUOTE) + QUOTES * len(lines):
        return None
    bodies = encoded.split(b"\n", len(lines))[:-1]
    numbers, times = list(map(_number, messages)), list(map(_time, messages))
    if (
        min(map(len, bodies)) < SHORTEST
        or numbers[0] <= after
        or not all(map(lt, numbers, islice(numbers, 1, None)))
        or min(times) < oldest
        or max(times) > now + AHEAD_MS
    ):
        return None
    if fits.fast is not None:
        return list(map(Reading, numbers, times, bodies, repeat(None)))
    if not all_known(values, fits):
        return None
    return list(map(Reading, numbers, times, bodies, values))


def _decoded(block: bytes, count: int, fits: Profile) -> list[Any] | None:
    """One message a line, or none."""
    fast = fits.fast
    if fast is not None and not fast.worth:
        return None
    # The decoder takes values wherever they begin. Where each line begins with { and ends with },
    # none goes on into the next line, and as many values as lines are one in each.
    if (
        BACKSLASH in block
        or block[:1] != b"{"
        or block[-1:] != b"}"
        or block.count(BETWEEN) != count - 1
    ):
        return None
    decode = _decode if fast is None else fast.decode_block
    try:
        messages = decode(block)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    return messages if len(messages) == count else None

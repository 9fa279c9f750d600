import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.readings.block import parse_block
from shared.readings.check import ANYTHING, Profile, check, profile
from shared.readings.parse import Reading, parse

NOW = 1_763_740_800_000
OLDEST = NOW - 500
DECLARED: dict[str, dict[str, Any]] = {
    "temp": {"type": "number", "min": -40, "max": 125.5},
    "door": {"type": "boolean"},
    "state": {"type": "text"},
}
PROFILES = [ANYTHING, profile(DECLARED, strict=False), profile(DECLARED, strict=True)]


def a_line(seq: int = 1, ts: int = NOW, **values: Any) -> bytes:
    return json.dumps({"s": seq, "t": ts, "v": values or {"temp": 20.5}}).encode()


def lines_of() -> st.SearchStrategy[bytes]:
    """Readings like any other, and what is not quite one."""
    value = st.one_of(
        st.floats(allow_nan=False), st.integers(-200, 200), st.booleans(), st.text(max_size=9)
    )
    values = st.dictionaries(st.sampled_from(["temp", "door", "state"]), value, max_size=3)
    message = st.fixed_dictionaries(
        {"s": st.integers(0, 9), "t": st.integers(OLDEST - 2, NOW + 600_002), "v": values}
    )
    made = message.map(lambda message: json.dumps(message, ensure_ascii=False).encode())
    odd = [
        b"",
        b'{"s":3,"v":{"temp":1}}',
        b'{"s":3,"t":%d,"v":{"temp":1,"temp":2}}' % NOW,
        b'{"s":3,"t":%d,"v":{"state":"\\u0022\\u0022"}}' % NOW,
        b'{"s":3,"t":%d,"e":"opened"}' % NOW,
        b'{"p":1}',
        b'{"s":3,"t":%d,"v":{"temp":1}}{"s":4,"t":%d,"v":{"temp":1}}' % (NOW, NOW),
        b'{"s":3,"t":%d,"v":' % NOW,
        b'{"temp":1}}',
    ]
    return st.one_of(made, made, made, st.sampled_from(odd))


@given(st.lists(lines_of(), min_size=1, max_size=8), st.sampled_from(PROFILES))
def test_a_block_says_what_its_lines_say(lines: list[bytes], fits: Profile) -> None:
    taken = parse_block(lines, fits, NOW, OLDEST, 0)
    alone = [parse(line, fits, NOW, OLDEST) for line in lines]
    if taken is not None:
        assert [(r.seq, r.ts, r.body) for r in taken] == [
            (r.seq, r.ts, r.body) for r in alone if isinstance(r, Reading)
        ]
        assert len(taken) == len(lines)
        assert [r.values for r in taken] == [r.values for r in alone if isinstance(r, Reading)]


@pytest.mark.parametrize("fits", PROFILES)
def test_a_block_of_readings_is_taken_at_once(fits: Profile) -> None:
    lines = [a_line(seq, NOW + seq, temp=seq / 2, door=True) for seq in range(5, 70)]
    parse(lines[0], fits, NOW, OLDEST)
    taken = parse_block(lines, fits, NOW, OLDEST, 4)
    assert taken is not None
    assert [reading.seq for reading in taken] == list(range(5, 70))
    assert taken[-1].values == {"temp": 34.5, "door": True}


def test_ever_new_names_slow_nobody_else_for_ever() -> None:
    for number in range(25_000):
        assert check({f"made_up_{number}": 1}, ANYTHING) is None
    lines = [a_line(seq, NOW + seq) for seq in range(5, 10)]
    parse(lines[0], ANYTHING, NOW, OLDEST)
    assert parse_block(lines, ANYTHING, NOW, OLDEST, 4) is not None


@pytest.mark.parametrize(
    "lines",
    [
        [a_line(4), a_line(5)],
        [a_line(6), a_line(5)],
        [a_line(5), a_line(5)],
        [a_line(5), a_line(6, OLDEST - 1)],
        [a_line(5), a_line(6, NOW + 600_001)],
        [a_line(5), a_line(6, temp=126)],
        [a_line(5), a_line(6, colour="red")],
        [a_line(5), a_line(6) + b"\r"],
        [a_line(5), b" " + a_line(6)],
        [a_line(5) + a_line(6), b""],
        [a_line(5) + b" " + a_line(6), b"{}"],
    ],
)
def test_what_is_not_like_any_other_is_left_to_a_closer_look(lines: list[bytes]) -> None:
    strict = PROFILES[2]
    assert parse_block(lines, strict, NOW, OLDEST, 4) is None

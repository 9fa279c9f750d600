import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.line import LineProtocol
from apps.ingest.protocol.messages import Hello
from apps.ingest.protocol.speech import Block, End, State
from shared.readings.check import ANYTHING

NOW = 1_763_740_800_000
HELLO = b'{"hello":1,"device":"pump-7","token":"dt_x","boot":12,"fw":"2.4.1"}\n'


def opened() -> LineProtocol:
    line = LineProtocol()
    assert line.greet(HELLO) == Hello(1, "pump-7", "dt_x", 12, "2.4.1")
    line.accept()
    return line


def feed(line: LineProtocol, data: bytes) -> tuple[Block, End | None]:
    return line.receive(data, ANYTHING, NOW, 0)


def seen(blocks: list[Block]) -> tuple[list[Any], ...]:
    return (
        [item for block in blocks for item in block.readings],
        [item for block in blocks for item in block.events],
        [item for block in blocks for item in block.rejections],
        [item for block in blocks for item in block.pings],
    )


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Lines of a device, good and bad, as bytes."""
    numbers = iter(range(1, 1000))
    kinds = draw(st.lists(st.sampled_from(["reading", "event", "ping", "bad"]), max_size=18))
    lines = []
    for kind in kinds:
        message: dict[str, Any] = {"s": next(numbers)}
        if kind == "reading":
            message["v"] = {"temp": draw(st.floats(-1e6, 1e6)), "note": draw(st.text(max_size=5))}
        elif kind == "event":
            message |= {"e": "moved", "d": {"to": draw(st.integers(0, 9))}}
        elif kind == "ping":
            message = {"p": draw(st.integers(0, 9))}
        lines.append(b"%%" if kind == "bad" else json.dumps(message).encode())
    return b"".join(line + b"\n" for line in lines)


@given(streams(), st.lists(st.integers(0, 2000), max_size=12))
def test_any_split_of_the_bytes_means_the_same(data: bytes, cuts: list[int]) -> None:
    whole, end = feed(opened(), data)
    line = opened()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [feed(line, data[start:stop]) for start, stop in pairwise(places)]
    assert seen([block for block, _ in parts]) == seen([whole])
    assert end is None
    assert line.state is State.open


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_raise(chunks: list[bytes]) -> None:
    line = opened()
    for chunk in chunks:
        feed(line, chunk)
    assert line.state in (State.open, State.ended)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_before_the_hello_raise(chunks: list[bytes]) -> None:
    line = LineProtocol()
    for chunk in chunks:
        line.greet(chunk)
    assert line.state in (State.greeting, State.ended, State.waiting)


@given(st.integers(1, len(HELLO) - 1))
def test_a_hello_may_come_in_two_parts(cut: int) -> None:
    line = LineProtocol()
    assert line.greet(HELLO[:cut]) is None
    assert isinstance(line.greet(HELLO[cut:]), Hello)


def test_what_follows_the_hello_waits_until_it_is_judged() -> None:
    line = LineProtocol()
    line.greet(HELLO + b'{"s":1,"v":{"a":1}}\n')
    assert feed(line, b"")[0].count == 0
    line.accept()
    assert feed(line, b"")[0].top == 1


def test_nothing_is_taken_after_the_end() -> None:
    line = opened()
    _, end = feed(line, b'{"s":2,"v":{"a":1}}\n{"s":1,"v":{"a":1}}\n{"s":3,"v":{"a":1}}\n')
    assert end == End(Ending.bad_seq)
    assert feed(line, b'{"s":4,"v":{"a":1}}\n')[0].count == 0


def test_numbers_may_have_gaps() -> None:
    block, end = feed(opened(), b'{"s":2,"v":{"a":1}}\n{"s":900,"v":{"a":1}}\n')
    assert (block.top, end) == (900, None)


def test_a_message_without_number_is_rejected() -> None:
    block, _ = feed(opened(), b'{"v":{"a":1}}\n')
    assert [(item.seq, item.code) for item in block.rejections] == [(0, "bad_message")]


def test_a_rejected_number_must_rise_too() -> None:
    _, end = feed(opened(), b'{"s":5,"v":{"a":1}}\n{"s":5,"v":{}}\n')
    assert end == End(Ending.bad_seq)


def test_blank_lines_are_nothing() -> None:
    block, end = feed(opened(), b"\n\r\n  \n")
    assert (block.count, end) == (0, None)


@pytest.mark.parametrize("chunk", [1, 1000, 65_536, 200_000])
def test_a_line_that_is_too_long_ends_the_connection_in_bounded_memory(chunk: int) -> None:
    line = opened()
    sent = 0
    end = None
    while end is None:
        block, end = feed(line, b"a" * chunk)
        sent += chunk
    assert end == End(Ending.line_too_long)
    assert sent <= 65_536 + chunk
    assert len(block.rejections[0].raw) <= 1024


def test_twenty_rejections_a_minute_are_borne() -> None:
    line = opened()
    for minute in range(5):
        now = NOW + minute * 60_000
        _, end = line.receive(b"?\n" * 20, ANYTHING, now, 0)
        assert end is None


@pytest.mark.parametrize("nothing", [b"\n", b'{"p":1}\n', b" \r\n"])
def test_lines_that_are_no_messages_are_bounded(nothing: bytes) -> None:
    line = opened()
    for minute in range(3):
        _, end = line.receive(nothing * 1_000, ANYTHING, NOW + minute * 60_000, 0)
        assert end is None
    block, end = line.receive(nothing * 60_000, ANYTHING, NOW + 179_000, 0)
    assert end == End(Ending.too_many_pings)
    assert len(block.pings) <= 1


def test_one_more_is_not() -> None:
    line = opened()
    line.receive(b"?\n" * 20, ANYTHING, NOW, 0)
    assert line.receive(b"?\n", ANYTHING, NOW + 59_000, 0)[1] == End(Ending.too_many_rejects)


def test_a_hello_that_is_too_long_is_none_however_it_comes() -> None:
    long = b" " * 65_536 + HELLO
    assert LineProtocol().greet(long) == End(Ending.bad_hello)


def test_nothing_is_held_after_the_end() -> None:
    line = opened()
    feed(line, b'{"s":2,"v":{"a":1}}\n{"s":1,"v":{"a":1}}\n' + b"x" * 60_000)
    assert line.held == 0
    line.greet(b"x")
    assert line.held == 0

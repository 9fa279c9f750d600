import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.readings.check import ANYTHING, Profile, profile
from shared.readings.parse import DEPTH, Event, Reading, Rejection, parse

NOW = 1_763_740_800_000
ROOM = profile(
    {
        "temp": {"type": "number", "unit": "°C", "min": -40, "max": 125},
        "door": {"type": "boolean"},
        "state": {"type": "text"},
    },
    strict=False,
)


def say(line: bytes) -> Reading | Event | Rejection:
    return parse(line, ROOM, NOW, 0)


def test_a_reading_is_its_number_time_and_values() -> None:
    line = b'{"s":4712,"t":1763740801000,"v":{"temp":21.5,"door":false,"state":"idle"}}'
    reading = say(line)
    assert isinstance(reading, Reading)
    assert (reading.seq, reading.ts) == (4712, 1763740801000)
    assert reading.values == {"temp": 21.5, "door": False, "state": "idle"}
    assert reading.body == b'{"temp":21.5,"door":false,"state":"idle"}'


def test_a_reading_without_time_has_the_receive_time() -> None:
    reading = say(b'{"s":1,"v":{"temp":1}}')
    assert isinstance(reading, Reading)
    assert reading.ts == NOW


def test_an_event_keeps_its_data_as_it_was_sent() -> None:
    event = say(b'{"s":2,"t":1763740802000,"e":"session.completed","d":{"kwh": "10.520"}}')
    assert event == Event(2, 1763740802000, "session.completed", b'{"kwh": "10.520"}')


def test_an_event_may_have_no_data() -> None:
    assert say(b'{"s":2,"e":"started"}') == Event(2, NOW, "started", b"{}")


@pytest.mark.parametrize(
    ("line", "seq", "code"),
    [
        (b"\xff\xfe\x00", 0, "not_json"),
        (b"", 0, "not_json"),
        (b'{"s":1', 0, "not_json"),
        (b"[1,2]", 0, "bad_message"),
        (b'"text"', 0, "bad_message"),
        (b"{}", 0, "bad_message"),
        (b'{"s":1}', 1, "bad_message"),
        (b'{"s":0,"v":{"temp":1}}', 0, "bad_message"),
        (b'{"s":-1,"v":{"temp":1}}', 0, "bad_message"),
        (b'{"s":1.5,"v":{"temp":1}}', 0, "bad_message"),
        (b'{"s":9007199254740992,"v":{"temp":1}}', 0, "bad_message"),
        (b'{"s":99999999999999999999999999999,"v":{"temp":1}}', 0, "bad_message"),
        (b'{"s":3,"t":-1,"v":{"temp":1}}', 3, "bad_message"),
        (b'{"s":3,"t":"now","v":{"temp":1}}', 3, "bad_message"),
        (b'{"s":3,"v":{}}', 3, "bad_message"),
        (b'{"s":3,"v":{"Temp":1}}', 3, "bad_message"),
        (b'{"s":3,"v":{"temp":null}}', 3, "bad_message"),
        (b'{"s":3,"v":{"temp":[1]}}', 3, "bad_message"),
        (b'{"s":3,"v":{"temp":NaN}}', 0, "not_json"),
        (b'{"s":3,"v":{"temp":1e999}}', 3, "bad_message"),
        (b'{"s":3,"v":{"other":9007199254740992}}', 3, "out_of_range"),
        (b'{"s":3,"v":{"temp":900}}', 3, "out_of_range"),
        (b'{"s":3,"v":{"temp":-40.5}}', 3, "out_of_range"),
        (b'{"s":3,"v":{"temp":true}}', 3, "wrong_type"),
        (b'{"s":3,"v":{"door":1}}', 3, "wrong_type"),
        (b'{"s":3,"v":{"state":2}}', 3, "wrong_type"),
        (b'{"s":3,"v":{"state":"' + b"x" * 257 + b'"}}', 3, "bad_message"),
        (b'{"s":3,"v":{"temp":1},"extra":1}', 3, "bad_message"),
        (b'{"s":3,"v":{"temp":1},"e":"x"}', 3, "bad_message"),
        (b'{"s":3,"v":{"temp":1,"temp":2}}', 3, "duplicate_key"),
        (b'{"s":3,"s":4,"v":{"temp":1}}', 4, "duplicate_key"),
        (b'{"s":3,"e":"x","d":{"a":1,"a":2}}', 3, "duplicate_key"),
        (b'{"s":3,"e":"X"}', 3, "bad_message"),
        (b'{"s":3,"e":"x","d":[1]}', 3, "bad_message"),
        (b'{"s":3,"e":"x","d":{"a":"' + b"x" * 8192 + b'"}}', 3, "bad_message"),
        (b'{"s":3,"e":"x","d":{"a":18446744073709551616}}', 3, "out_of_range"),
        (b'{"s":3,"e":"x","d":{"a":' + b"[" * DEPTH + b"]" * DEPTH + b"}}", 3, "bad_message"),
        (b'{"s":3,"e":"x","d":' + b"[" * 50_000, 0, "bad_message"),
        (b'{"s":3,"e":"\xff"}', 0, "not_json"),
        (b'{"s":3,"v":{"state":"\\ud800"}}', 0, "not_json"),
        (b'{"s":3,"t":1763741400001,"v":{"temp":1}}', 3, "future"),
    ],
)
def test_what_can_never_be_stored_is_rejected(line: bytes, seq: int, code: str) -> None:
    rejection = say(line)
    assert isinstance(rejection, Rejection)
    assert (rejection.seq, rejection.code) == (seq, code)
    assert rejection.raw == line
    assert rejection.detail


def test_a_time_before_what_is_kept_is_rejected() -> None:
    rejection = parse(b'{"s":3,"t":999,"v":{"temp":1}}', ROOM, NOW, 1000)
    assert isinstance(rejection, Rejection)
    assert rejection.code == "too_old"


def test_a_strict_profile_refuses_a_metric_it_does_not_declare() -> None:
    strict = profile({"temp": {"type": "number"}}, strict=True)
    rejection = parse(b'{"s":3,"v":{"hum":1}}', strict, NOW, 0)
    assert isinstance(rejection, Rejection)
    assert rejection.code == "unknown_metric"


def test_sixty_five_metrics_are_too_many() -> None:
    values = b",".join(b'"m%d":1' % number for number in range(65))
    rejection = say(b'{"s":3,"v":{' + values + b"}}")
    assert isinstance(rejection, Rejection)
    assert rejection.code == "bad_message"


def test_white_space_and_escapes_are_taken() -> None:
    reading = say(b' { "s" : 5 , "v" : { "state" : "\\u0041\\"" } } ')
    assert isinstance(reading, Reading)
    assert reading.values == {"state": 'A"'}


@given(st.binary(max_size=300))
def test_no_bytes_raise(line: bytes) -> None:
    assert parse(line, ANYTHING, NOW, 0) is not None


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_.]{0,10}", fullmatch=True),
        st.one_of(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(2**53) + 1, 2**53 - 1),
            st.booleans(),
            st.text(st.characters(codec="utf-8"), max_size=20),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_values_come_through_exactly(values: dict[str, bool | int | float | str]) -> None:
    line = json.dumps({"s": 1, "v": values}).encode()
    reading = parse(line, ANYTHING, NOW, 0)
    assert isinstance(reading, Reading)
    assert reading.values == values
    assert json.loads(reading.body) == values


def a_value() -> st.SearchStrategy[object]:
    return st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(2**60), 2**60),
        st.booleans(),
        st.text(st.characters(codec="utf-8"), max_size=300),
        st.none(),
        st.lists(st.integers(), max_size=1),
    )


@given(
    st.dictionaries(st.sampled_from(["temp", "door", "state", "other"]), a_value(), max_size=4),
    st.booleans(),
    st.integers(NOW - 1000, NOW + 700_000),
)
def test_the_fast_way_says_what_the_careful_way_says(
    values: dict[str, object], strict: bool, ts: int
) -> None:
    declared: dict[str, dict[str, object]] = {
        "temp": {"type": "number", "min": -40, "max": 125.5},
        "door": {"type": "boolean"},
        "state": {"type": "text"},
    }
    fast = profile(declared, strict=strict)
    line = json.dumps({"s": 1, "t": ts, "v": values}).encode()
    careful = parse(line, replace(fast, fast=None), NOW, NOW - 500)
    quick = parse(line, fast, NOW, NOW - 500)
    assert type(quick) is type(careful)
    assert quick.seq == careful.seq
    assert getattr(quick, "values", None) == getattr(careful, "values", None)
    assert getattr(quick, "code", None) == getattr(careful, "code", None)


def test_a_profile_whose_devices_send_more_than_it_declares_is_read_once() -> None:
    loose = profile({"temp": {"type": "number"}}, strict=False)
    readings = [parse(b'{"s":%d,"v":{"temp":1,"hum":2}}' % n, loose, NOW, 0) for n in range(1, 60)]
    assert all(isinstance(reading, Reading) for reading in readings)
    assert loose.fast is not None
    assert not loose.fast.worth


@pytest.mark.parametrize(
    "line",
    [
        rb'{"s":1,"v":{"state":"x","state":"\u0022\u0022"}}',
        rb'{"s":1,"s":2,"v":{"state":"\u0022\u0022"}}',
        rb'{"s":1,"v":{"state":"\u0022"},"v":{"state":"\u0022"}}',
    ],
)
@pytest.mark.parametrize("fits", [ANYTHING, ROOM])
def test_escaped_quotes_do_not_hide_a_key_that_stands_twice(fits: Profile, line: bytes) -> None:
    parse(b'{"s":1,"v":{"state":"known by now"}}', fits, NOW, 0)
    rejection = parse(line, fits, NOW, 0)
    assert isinstance(rejection, Rejection)
    assert rejection.code == "duplicate_key"


@pytest.mark.parametrize("bound", [1e300, -1e300, 2**63, -(2**63) - 1, 2**53, 10**400])
@pytest.mark.parametrize("side", ["min", "max"])
def test_a_bound_that_no_decoder_takes_counts_all_the_same(side: str, bound: float) -> None:
    fits = profile({"temp": {"type": "number", side: bound}}, strict=False)
    beyond = (side == "min") == (bound > 0)
    found = parse(b'{"s":1,"v":{"temp":1}}', fits, NOW, 0)
    assert isinstance(found, Rejection if beyond else Reading)


def test_a_rejection_says_little_of_a_long_name() -> None:
    rejection = say(b'{"s":1,"v":{"' + b"m" * 60_000 + b'":9007199254740993}}')
    assert isinstance(rejection, Rejection)
    assert len(rejection.detail) <= 200

"""The tracker's protocol as bytes. Frames and what they mean are the vendor's own examples:
https://wiki.teltonika-gps.com/view/Codec (Teltonika Data Sending Protocols).
"""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.fleet.avl import Fix, checksum, framed, hello, packet
from apps.ingest.protocol.avl import MalformedError
from apps.ingest.protocol.codec12 import command, read_answer
from apps.ingest.protocol.crc import crc16
from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.imei import Imei
from apps.ingest.protocol.speech import Block, End, State
from apps.ingest.protocol.teltonika import BAD, PACKET_BYTES, PINGS, TeltonikaProtocol
from shared.readings.check import ANYTHING, profile
from shared.readings.parcel import Parcel, Source

NOW = 1_763_740_800_000
IMEI = "356307042441013"
SOURCE = Source(1, "dev_1", IMEI, 1, "org_1")
NOWHERE = {"lat": 0.0, "lon": 0.0, "alt": 0, "angle": 0, "sat": 0, "speed": 0, "prio": 1}
# Each: the packet, then of each record its time and what it has beside the empty position.
FRAMES: dict[str, tuple[str, list[tuple[int, dict[str, Any]]]]] = {
    "codec 8, example 1": (
        ("000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010101425E0F"
        "01F10000601A014E0000000000000000010000C7CF"),
        [
            (
                1_560_161_086_000,
                {"event": 1, "io.21": 3, "io.1": 1, "io.66": 24_079, "io.241": 24_602, "io.78": 0},
            )
        ],
    ),
    "codec 8, example 2": (
        ("000000000000002808010000016B40D9AD80010000000000000000000000000000000103021503010101425E10"
        "0000010000F22A"),
        [(1_560_161_136_000, {"event": 1, "io.21": 3, "io.1": 1, "io.66": 24_080})],
    ),
    "codec 8, example 3, two records": (
        ("000000000000004308020000016B40D57B480100000000000000000000000000000001010101000000000000"
        "016B40D5C198010000000000000000000000000000000101010101000000020000252C"),
        [
            (1_560_160_861_000, {"event": 1, "io.1": 0}),
            (1_560_160_879_000, {"event": 1, "io.1": 1}),
        ],
    ),
    "codec 8 extended": (
        ("000000000000004A8E010000016B412CEE000100000000000000000000000000000000010005000100010100"
        "010011001D00010010015E2C880002000B000000003544C87A000E000000001DD7E06A00000100002994"),
        [
            (
                1_560_166_592_000,
                {
                    "event": 1, "io.1": 1, "io.17": 29, "io.16": 22_949_000,
                    "io.11": 893_700_218, "io.14": 500_686_954,
                },
            )
        ],
    ),
}  # fmt: skip
COMMANDS = {
    "getinfo": "000000000000000F0C010500000007676574696E666F0100004312",
    "getio": "000000000000000D0C010500000005676574696F01000000CB",
}
ANSWER = (
    "00000000000000900C010600000088494E493A323031392F372F323220373A3232205254433A323031392F372F3232"
    "20373A3533205253543A32204552523A312053523A302042523A302043463A302046473A3020464C3A302054553A30"
    "2F302055543A3020534D533A30204E4F4750533A303A3330204750533A31205341543A302052533A332052463A3635"
    "2053463A31204D443A30010000C78F"
)


def opened() -> TeltonikaProtocol:
    speech = TeltonikaProtocol()
    assert speech.greet(hello(IMEI)) == Imei(IMEI)
    assert speech.welcome(now=NOW, last=0, window=256, idle_s=300) == b"\x01"
    return speech


def feed(speech: TeltonikaProtocol, data: bytes, now: int = NOW) -> tuple[Block, End | None]:
    return speech.receive(data, ANYTHING, now, 0)


def committed(speech: TeltonikaProtocol, *blocks: Block) -> bytes:
    """What is answered when these blocks are committed."""
    return speech.acknowledge([Parcel(SOURCE, 0, NOW) for block in blocks if block.count])


def fixes(count: int) -> list[Fix]:
    return [Fix(t=NOW + n, lat=54.7, io={239: n % 2}) for n in range(count)]


@pytest.mark.parametrize("name", FRAMES)
def test_the_vendors_frames_are_read(name: str) -> None:
    text, records = FRAMES[name]
    speech = opened()
    block, end = feed(speech, bytes.fromhex(text))
    assert end is None
    assert [(one.ts, one.values) for one in block.readings] == [
        (ts, NOWHERE | more) for ts, more in records
    ]
    assert committed(speech, block) == len(records).to_bytes(4)


@pytest.mark.parametrize("text", COMMANDS)
def test_the_vendors_commands_are_written(text: str) -> None:
    assert command(text).hex().upper() == COMMANDS[text]


def test_the_vendors_answer_to_a_command_is_read() -> None:
    said = read_answer(bytes.fromhex(ANSWER)[8:-4])
    assert said.startswith(b"INI:2019/7/22 7:22 RTC:2019/7/22 7:53")


@pytest.mark.parametrize("text", ["", "x" * 1025, "grüße"])
def test_what_is_no_command_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"command has|ascii"):
        command(text)


@pytest.mark.parametrize(
    "body", ["0c", "0c010500000001410 1", "0c0106000000094101", "0c02060000000141 02"]
)
def test_what_is_no_answer_is_malformed(body: str) -> None:
    with pytest.raises(MalformedError):
        read_answer(bytes.fromhex(body.replace(" ", "")))


def test_an_answer_to_a_command_is_a_sign_of_life_and_nothing_more() -> None:
    block, end = feed(opened(), bytes.fromhex(ANSWER))
    assert (block.count, block.pings, block.reply, end) == (0, [0], b"", None)


@given(st.binary(max_size=300))
def test_the_checksum_is_that_which_trackers_reckon(data: bytes) -> None:
    assert crc16(data) == checksum(data)


def test_the_checksum_of_digits_is_the_known_one() -> None:
    # CRC-16/ARC, https://reveng.sourceforge.io/crc-catalogue/16.htm
    assert crc16(b"123456789") == 0xBB3D


numbers = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 300))
records = st.builds(
    Fix,
    t=st.integers(0, NOW),
    lat=st.integers(-900_000_000, 900_000_000).map(lambda n: n / 1e7),
    lon=st.integers(-1_800_000_000, 1_800_000_000).map(lambda n: n / 1e7),
    alt=st.integers(-(2**15), 2**15 - 1),
    angle=st.integers(0, 359),
    satellites=st.integers(0, 255),
    speed=st.integers(0, 2**16 - 1),
    priority=st.integers(0, 2),
    event=st.integers(0, 2**16 - 1),
    io=st.dictionaries(
        st.integers(0, 2**16 - 1), st.one_of(numbers, st.binary(max_size=128)), max_size=20
    ),
)


@given(st.lists(records, max_size=5))
def test_what_a_tracker_writes_is_what_is_read(written: list[Fix]) -> None:
    block, end = feed(opened(), packet(written))
    assert (end, block.rejections) == (None, [])
    for fix, one in zip(written, block.readings, strict=True):
        values = dict(one.values)
        event = {"event": fix.event} if fix.event else {}
        assert {name: values.pop(name) for name in (*NOWHERE, *event)} == {
            "lat": fix.lat, "lon": fix.lon, "alt": fix.alt, "angle": fix.angle,
            "sat": fix.satellites, "speed": fix.speed, "prio": fix.priority, **event,
        }  # fmt: skip
        assert values == {f"io.{number}": _shown(value) for number, value in fix.io.items()}
        assert one.ts == fix.t


def _shown(value: int | bytes) -> int | str:
    if isinstance(value, bytes):
        return value.hex()
    return value if value <= 2**53 - 1 else f"{value:016x}"


@given(
    st.lists(st.lists(records, max_size=3), max_size=4), st.lists(st.integers(0, 900), max_size=9)
)
def test_any_split_of_the_bytes_means_the_same(several: list[list[Fix]], cuts: list[int]) -> None:
    data = b"\xff".join(map(packet, several))
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    speech = opened()
    parts = [feed(speech, data[start:stop]) for start, stop in pairwise(places)]
    blocks = [block for block, _ in parts]
    assert [end for _, end in parts if end] == []
    whole, _ = feed(opened(), data)
    assert [one for block in blocks for one in block.readings] == whole.readings
    answers = sorted(b"".join(block.reply for block in blocks) + committed(speech, *blocks))
    assert answers == sorted(b"".join(len(some).to_bytes(4) for some in several))
    assert speech.held == 0


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_raise(chunks: list[bytes]) -> None:
    speech = opened()
    for chunk in chunks:
        feed(speech, chunk)
    assert speech.state in (State.open, State.ended)


@given(st.sampled_from([0x08, 0x8E, 0x0C, 0x10, 0x0D, 0x00]), st.binary(min_size=2, max_size=300))
def test_no_packet_with_a_right_checksum_raises_or_goes_unanswered(codec: int, rest: bytes) -> None:
    speech = opened()
    block, end = feed(speech, framed(bytes([codec]) + rest))
    assert end is None
    answered = block.reply + committed(speech, block)
    assert answered == (b"" if codec in (0x0C, 0x0D) else rest[:1].rjust(4, b"\0"))


@given(
    st.lists(records, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 40),
)
def test_a_bent_packet_with_a_right_checksum_is_stored_or_kept_and_answered(
    written: list[Fix], bends: list[tuple[int, int]], cut: int
) -> None:
    body = bytearray(packet(written)[8:-4])
    for place, byte in bends:
        body[1 + place % (len(body) - 1)] = byte
    body = body[: max(3, len(body) - cut)]
    speech = opened()
    block, end = feed(speech, framed(bytes(body)))
    assert end is None
    assert block.reply + committed(speech, block) == body[1].to_bytes(4)
    # A count of none is nothing, unless bytes are left over.
    assert block.count or body[1] == 0


@given(st.lists(records, min_size=1, max_size=3), st.integers(0, 10_000), st.integers(1, 255))
def test_nothing_of_a_packet_that_was_bent_on_the_way_is_stored(
    written: list[Fix], place: int, bend: int
) -> None:
    good = bytearray(packet(written))
    # Not in the preamble and the length: what they say is another packet, or none.
    place = 8 + place % (len(good) - 8)
    good[place] ^= bend
    block, end = feed(opened(), bytes(good))
    assert (block.readings, block.rejections, block.reply) == ([], [], b"\0\0\0\0")
    assert end is None


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_no_bytes_before_the_imei_raise(chunks: list[bytes]) -> None:
    speech = TeltonikaProtocol()
    for chunk in chunks:
        speech.greet(chunk)
    assert speech.state in (State.greeting, State.ended, State.waiting)


@pytest.mark.parametrize(
    "first", [b"\x00\x0e", b"\xff", b"GE", b"\x00\x0f35630704244101x", b"\x00\x10" + b"1" * 16]
)
def test_what_is_no_imei_ends_at_once(first: bytes) -> None:
    speech = TeltonikaProtocol()
    assert speech.greet(first) == End(Ending.bad_hello)
    assert speech.ending(Ending.bad_hello) == b"\x00"


def test_an_imei_that_is_not_all_there_is_waited_for() -> None:
    speech = TeltonikaProtocol()
    for byte in hello(IMEI)[:-1]:
        assert speech.greet(bytes([byte])) is None
    assert speech.greet(hello(IMEI)[-1:]) == Imei(IMEI)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"\x00\x00\x00\x01", Ending.bad_packet),
        (b"\x01", Ending.bad_packet),
        (b"\x00\x00\x00\x00\x00\x00\x00\x02", Ending.bad_packet),
        (b"\x00\x00\x00\x00" + (PACKET_BYTES - 11).to_bytes(4), Ending.packet_too_long),
        (b"\x00\x00\x00\x00\xff\xff\xff\xff", Ending.packet_too_long),
    ],
)
def test_a_length_that_cannot_be_is_refused_before_the_rest_comes(head: bytes, why: Ending) -> None:
    speech = opened()
    assert feed(speech, head)[1] == End(why)
    assert speech.held == 0
    assert speech.ending(why) == b""


def test_a_packet_of_64_kib_is_taken() -> None:
    io = dict.fromkeys(range((PACKET_BYTES - 8 - 4 - 3 - 24 - 14) // 3), 0)
    block, end = feed(opened(), packet([Fix(t=NOW, io=io)]))
    assert end is None
    assert sum(len(one.values) for one in block.readings) == len(io) + len(NOWHERE)
    assert len({one.seq for one in block.readings}) == len(block.readings)


def test_more_than_64_metrics_are_several_readings_of_the_same_time() -> None:
    block, _ = feed(opened(), packet([Fix(t=NOW, io={n: n for n in range(100)})]))
    assert [(one.ts, len(one.values)) for one in block.readings] == [(NOW, 64), (NOW, 43)]


def test_an_element_that_comes_twice_and_one_that_is_long_lose_nothing() -> None:
    twice = bytes.fromhex("0009 01 0009 02".replace(" ", ""))
    long = (7).to_bytes(2) + (200).to_bytes(2) + bytes(range(200))
    body = bytes.fromhex("8e01") + NOW.to_bytes(8) + bytes(16) + bytes.fromhex("0000 0003 0002")
    body += twice + bytes(6) + b"\x00\x01" + long + b"\x01"
    (one,) = feed(opened(), framed(body))[0].readings
    values = {name: value for name, value in one.values.items() if name.startswith("io.")}
    digits = bytes(range(200)).hex()
    assert values == {"io.9": 1, "io.9.2": 2, "io.7": digits[:256], "io.7.2": digits[256:]}


def test_answers_come_after_the_commits_and_in_order() -> None:
    speech = opened()
    bad = bytearray(packet(fixes(1)))
    bad[-1] ^= 1
    first, _ = feed(speech, packet(fixes(2)) + packet(fixes(3)))
    second, _ = feed(speech, bytes(bad))
    third, _ = feed(speech, packet(fixes(4)))
    assert (first.reply, second.reply, third.reply) == (b"", b"", b"")
    told = [committed(speech, block) for block in (first, third)]
    assert [list(one[3::4]) for one in told] == [[2, 3, 0], [4]]


def test_the_same_record_has_the_same_number_and_another_one_another() -> None:
    numbers = [
        one.seq
        for fix in (Fix(t=NOW), Fix(t=NOW), Fix(t=NOW, speed=1))
        for one in feed(opened(), packet([fix]))[0].readings
    ]
    assert numbers[0] == numbers[1] != numbers[2]
    assert all(2**52 <= number < 2**53 for number in numbers)


def test_what_can_never_be_stored_says_why_and_can_be_read() -> None:
    fits = profile({"speed": {"type": "number", "max": 200}}, strict=False)
    speech = opened()
    sent = packet([Fix(t=NOW, speed=201), Fix(t=NOW + 600_001), Fix(t=NOW - 5), Fix(t=NOW)])
    block, end = speech.receive(sent, fits, NOW, NOW - 4)
    assert [one.code for one in block.rejections] == ["out_of_range", "future", "too_old"]
    assert block.rejections[0].detail == "speed 201 > 200"
    assert b'"speed":201' in block.rejections[0].raw
    assert (len(block.readings), end) == (1, None)
    assert committed(speech, block) == b"\0\0\0\4"


@pytest.mark.parametrize("body", ["8e020000", "0801" + "00" * 24 + "02", "10020002", "08000000"])
def test_a_packet_that_is_not_what_it_says_is_kept_whole_and_counts_as_taken(body: str) -> None:
    speech = opened()
    sent = framed(bytes.fromhex(body))
    block, _ = feed(speech, sent)
    (kept,) = block.rejections
    assert (kept.code, kept.raw) == ("bad_packet", sent.hex().encode())
    assert committed(speech, block) == bytes.fromhex(body)[1:2].rjust(4, b"\0")


def test_many_bad_packets_in_a_minute_end_the_connection_and_few_do_not() -> None:
    bad = packet(fixes(1))[:-1] + b"\x00"
    many, few = opened(), opened()
    assert [feed(many, bad)[1] for _ in range(BAD + 1)][-1] == End(Ending.too_many_rejects)
    assert [feed(few, bad, NOW + 3_100 * n)[1] for n in range(BAD + 1)][-1] is None


def test_signs_of_life_are_noticed_and_counted() -> None:
    speech = opened()
    block, end = feed(speech, b"\xff")
    assert (block.pings, end) == ([0], None)
    assert feed(speech, b"\xff" * PINGS)[1] == End(Ending.too_many_pings)


def test_one_id_a_thousand_times_is_read_soon() -> None:
    count = 21_000
    body = bytes.fromhex("8e01") + NOW.to_bytes(8) + bytes(16) + bytes.fromhex("00000000")
    body += count.to_bytes(2) + b"\x00\x09\x01" * count + bytes(8) + b"\x01"
    block, _ = feed(opened(), framed(body))
    assert sum(len(one.values) for one in block.readings) == count + len(NOWHERE)

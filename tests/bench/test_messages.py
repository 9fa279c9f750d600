"""What the devices of the load say, and that ingest takes it."""

import json

import pytest

from shared.readings.check import profile
from shared.readings.parse import Reading, parse
from tests.bench.devices.messages import FIRST, LINE, METRICS, MOST, LoadError, acked, block, line

T = 1_763_740_801_000


@pytest.mark.parametrize("place", [0, 1, 9, 10, 99, 12_345, MOST - 1])
def test_every_line_is_equally_long(place: int) -> None:
    assert len(line(place, T + place)) == LINE


def test_a_place_in_the_block_is_a_message() -> None:
    sent = block(20, T)

    assert sent[7 * LINE : 8 * LINE] == line(7, T + 7)
    assert json.loads(line(7, T + 7))["s"] == FIRST + 7


def test_the_profile_declares_every_metric_and_takes_the_values() -> None:
    said = line(98, T)

    reading = parse(said.rstrip(), profile(METRICS, strict=True), T, 0)

    assert isinstance(reading, Reading)
    assert reading.values.keys() == METRICS.keys()


def test_an_acknowledgement_says_how_many_messages_are_stored() -> None:
    assert acked(b'{"a":%d}' % FIRST) == 1
    assert acked(b'{"a":%d}' % (FIRST + 63)) == 64


@pytest.mark.parametrize("answer", [b'{"ok":1,"time":1}', b'{"p":3}', b'{"bye":1,"retry":2000}'])
def test_what_is_no_acknowledgement_counts_nothing(answer: bytes) -> None:
    assert acked(answer) is None


@pytest.mark.parametrize("answer", [b'{"error":"busy","retry":5}', b'{"n":7,"code":"too_old"}'])
def test_a_refusal_ends_the_measurement(answer: bytes) -> None:
    with pytest.raises(LoadError, match="ingest answered"):
        acked(answer)

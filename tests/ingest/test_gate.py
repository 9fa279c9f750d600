from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.gate import LONGEST_WAIT_S, Bucket, Tally, network


def test_a_burst_passes_and_the_next_is_given_a_place() -> None:
    bucket = Bucket(rate=10, burst=3)
    assert [bucket.take(100.0) for _ in range(3)] == [0, 0, 0]
    assert [bucket.take(100.0) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])
    assert bucket.take(101.0) == 0


@given(
    st.floats(1, 10_000),
    st.integers(1, 100),
    st.lists(st.floats(0, 5), min_size=1, max_size=200),
)
def test_no_more_pass_than_the_rate_and_the_burst(
    rate: float, burst: int, gaps: list[float]
) -> None:
    bucket = Bucket(rate, burst)
    now = 1000.0
    passed = 0
    places = []
    for gap in gaps:
        now += gap
        wait = bucket.take(now)
        assert 0 <= wait <= LONGEST_WAIT_S + 1e-6
        passed += wait == 0
        places += [now + wait] if 0 < wait < LONGEST_WAIT_S - 1e-6 else []
    assert passed <= burst + sum(gaps) * rate + 1e-6
    assert all(later > earlier for earlier, later in pairwise(places))


def test_what_is_allowed_is_forgotten_in_its_window() -> None:
    tally = Tally(allowed=3, window_s=60, most=100)
    assert [tally.add("a", 0.0) for _ in range(5)] == [0, 0, 0, 1, 2]
    assert tally.above("a", 20.0) == 1
    assert tally.above("a", 40.0) == 0
    assert tally.above("b", 0.0) == 0


def test_what_is_forgotten_takes_no_room() -> None:
    tally = Tally(allowed=3, window_s=60, most=100)
    for number in range(50):
        tally.add(f"{number}", 0.0)
    tally.add("later", 3_600.0)
    assert len(tally) == 1


def test_the_one_unheard_of_for_longest_makes_room() -> None:
    tally = Tally(allowed=1, window_s=60, most=10)
    for number in range(1_000):
        tally.add(f"{number}", 0.0)
        tally.add("loud", 0.0)
    assert len(tally) == 10
    assert tally.above("loud", 0.0) > 900


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
    ],
)
def test_addresses_of_one_network_are_one(address: str, counted: str) -> None:
    assert network(address) == counted

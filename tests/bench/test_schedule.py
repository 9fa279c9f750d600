"""When messages are due, and what measured times come to."""

import pytest

from tests.bench.devices.schedule import Schedule, percentile, recovery_s


def test_messages_are_due_evenly_from_the_start_on() -> None:
    schedule = Schedule(start=100.0, rate=4.0, devices=2)

    assert [schedule.due(number) for number in range(3)] == [100.0, 100.25, 100.5]


def test_devices_take_turns() -> None:
    schedule = Schedule(start=0.0, rate=4.0, devices=2)

    assert [schedule.due_of(device, place) for place in range(2) for device in range(2)] == [
        schedule.due(number) for number in range(4)
    ]


@pytest.mark.parametrize(
    ("now", "many"), [(99.0, 0), (100.0, 1), (100.24, 1), (100.25, 2), (101.0, 5)]
)
def test_a_message_is_due_from_its_time_on(now: float, many: int) -> None:
    assert Schedule(start=100.0, rate=4.0, devices=2).many(now) == many


def test_what_each_device_has_to_send_is_its_share_of_all() -> None:
    schedule = Schedule(start=100.0, rate=1_000.0, devices=10)

    assert [schedule.each(now) for now in (99.0, 100.0, 100.5, 102.0)] == [0, 0, 50, 200]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1), (0.001, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(reversed(range(1, 101)), share) == expected


def test_one_value_is_every_percentile() -> None:
    assert percentile([7.0], 0.99) == 7.0


def _latencies(*steps: float) -> list[tuple[float, float]]:
    """One message each half second from 100 on, and one before."""
    return [(90.0, 9.0), *((100.1 + 0.5 * at, latency) for at, latency in enumerate(steps))]


def test_recovery_ends_where_latency_becomes_normal() -> None:
    timed = _latencies(3.0, 2.0, 0.01, 0.02, 0.01, 0.02)

    assert recovery_s(timed, since=100.0, normal=0.05) == 1.0


def test_a_good_moment_is_no_recovery() -> None:
    timed = _latencies(3.0, 0.01, 2.0, 0.01, 0.01, 0.01, 0.01)

    assert recovery_s(timed, since=100.0, normal=0.05) == 1.5


def test_what_comes_long_after_is_something_else() -> None:
    timed = _latencies(3.0, 0.01, 0.01, 0.01, 0.01, 7.0)

    assert recovery_s(timed, since=100.0, normal=0.05) == 0.5


def test_what_was_never_ill_needs_no_time_to_recover() -> None:
    assert recovery_s(_latencies(*[0.01] * 4), since=100.0, normal=0.05) == 0.0


def test_what_never_recovers_took_all_the_time_there_was() -> None:
    assert recovery_s(_latencies(*[1.0] * 6), since=100.0, normal=0.05) == 3.0

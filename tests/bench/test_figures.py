"""What is counted and compared around the measurements."""

from array import array

import pytest

from tests.bench.devices.generator import merged, parts
from tests.bench.devices.talks import Talked
from tests.bench.results import Figure, joined
from tests.bench.usage import TICK_S, busy_in, cpu_in, family_cpu_in


def test_devices_are_dealt_out_and_their_counts_come_back_in_order() -> None:
    hellos = [b"%d" % number for number in range(5)]
    several = parts(hellos, 2)
    talks = [
        Talked(sent=9, acked=9, began=2.0, ended=3.0, reached=[int(hello) for hello in part])
        for part in several
    ]

    assert [len(part) for part in several] == [3, 2]
    assert merged(talks).reached == [0, 1, 2, 3, 4]


def test_fewer_devices_than_processes_need_fewer() -> None:
    assert parts([b"only"], 2) == [[b"only"]]


def test_all_processes_together_took_from_the_first_to_the_last() -> None:
    one = Talked(sent=5, acked=4, began=10.0, ended=12.0, timed=array("d", [10.0, 0.5]))
    other = Talked(sent=7, acked=7, began=9.5, ended=11.0, timed=array("d", [9.5, 0.2]))

    both = merged([one, other])

    assert (both.sent, both.acked, both.began, both.ended) == (12, 11, 9.5, 12.0)
    assert list(both.timed) == [10.0, 0.5, 9.5, 0.2]


def _stat(pid: int, parent: int, own: int, ended: int = 0) -> str:
    times = f"{own} 0 {ended} 0"
    return f"{pid} (a) b (c) S {parent} 42 42 0 -1 4194304 100 0 0 0 {times} 20 0 1 0 100 1000 10"


def test_cpu_is_read_behind_a_name_with_any_character() -> None:
    assert cpu_in(_stat(42, 1, own=200)) == pytest.approx(200 * TICK_S)


def test_a_family_is_who_was_started_and_what_has_ended() -> None:
    stats = {
        5: _stat(5, 1, own=1, ended=10),
        6: _stat(6, 5, own=100),
        7: _stat(7, 6, own=1_000),
        8: _stat(8, 1, own=10_000),
    }

    assert family_cpu_in(stats, 5) == pytest.approx(1_111 * TICK_S)


def test_a_machine_that_waits_is_not_busy() -> None:
    stat = "cpu  1 20 300 4000 50000 6 70 800 9000 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n"

    assert busy_in(stat) == pytest.approx((1 + 20 + 300 + 6 + 70 + 800) * TICK_S)


def test_a_share_is_of_the_rate_measured_beside_each_run() -> None:
    figure = Figure("x", "messages/s", [50.0, 90.0, 20.0], own=[100.0, 100.0, 20.0])

    assert figure.share == 0.9


def test_figures_of_one_name_are_one() -> None:
    found = joined(
        [Figure("own", "rows/s", [1.0]), Figure("x", "s", [5.0]), Figure("own", "rows/s", [3.0])]
    )

    assert [(figure.name, figure.runs) for figure in found] == [("own", [1.0, 3.0]), ("x", [5.0])]

"""Who empties which lanes, and when."""

from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.shifts import TOGETHER, Shifts

LITTLE = [3, 4]
MUCH = [TOGETHER, TOGETHER]


def test_little_is_taken_by_one_writer() -> None:
    shifts = Shifts(2)
    assert list(shifts.begin(1, LITTLE)) == [0, 1]
    assert not shifts.begin(0, LITTLE)
    shifts.end(1)
    assert list(shifts.begin(0, LITTLE)) == [0, 1]


def test_much_is_taken_by_each_from_its_own_lane() -> None:
    shifts = Shifts(2)
    assert list(shifts.begin(0, MUCH)) == [0]
    assert list(shifts.begin(1, MUCH)) == [1]


def test_a_lane_that_another_writer_empties_is_left_alone() -> None:
    shifts = Shifts(2)
    assert list(shifts.begin(0, LITTLE)) == [0, 1]
    assert not shifts.begin(1, MUCH)


def test_little_waits_for_the_writer_at_work() -> None:
    shifts = Shifts(2)
    assert list(shifts.begin(0, MUCH)) == [0]
    assert not shifts.begin(1, LITTLE)
    assert not shifts.changes(sum(LITTLE))
    assert shifts.changes(sum(MUCH))
    shifts.end(0)
    assert list(shifts.begin(1, LITTLE)) == [0, 1]


def test_nothing_is_begun_for_nothing() -> None:
    shifts = Shifts(2)
    assert not shifts.begin(0, [0, 0])
    assert not shifts.begin(0, [0, 2 * TOGETHER])


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2 * TOGETHER))),
)
def test_no_lane_is_emptied_twice_at_a_time_and_whoever_can_begin_does(
    writers: int, steps: list[tuple[int, int, int]]
) -> None:
    shifts = Shifts(writers)
    waiting = [0] * writers
    at_work: dict[int, list[int]] = {}
    for who, lane, more in steps:
        writer = who % writers
        waiting[lane % writers] += more
        if at_work.pop(writer, None) is not None:
            shifts.end(writer)
        lanes = list(shifts.begin(writer, waiting))
        assert not set(lanes) & {held for each in at_work.values() for held in each}
        if lanes:
            at_work[writer] = lanes
        for emptied in lanes:
            waiting[emptied] = 0
    for writer in at_work:
        shifts.end(writer)
    begun = [bool(shifts.begin(writer, waiting)) for writer in range(writers)]
    assert any(begun) == any(waiting)

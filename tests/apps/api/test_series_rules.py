import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.api.series.rules import AGGREGATES, Grid, Series, Value, bucket_ms, exact_parts

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**53), 2**53)


def drawn(grid: Grid, values: list[tuple[int, Value]], cuts: list[int]) -> list[dict[str, object]]:
    series = Series(grid, AGGREGATES)
    edges = [0, *sorted(cut % (len(values) + 1) for cut in cuts), len(values)]
    for start, end in itertools.pairwise(edges):
        series.add(values[start:end])
    return series.points()


@given(st.lists(st.tuples(st.integers(0, 99), numbers), max_size=40), st.lists(st.integers(0, 40)))
def test_every_bucket_says_what_its_values_say_however_they_come(
    values: list[tuple[int, float]], cuts: list[int]
) -> None:
    values.sort(key=lambda pair: pair[0])
    grid = Grid.of_points(0, 100, 7)
    points = drawn(grid, list(values), cuts)
    assert [point["t"] for point in points] == list(range(0, 100, 15))
    for point in points:
        at = point["t"]
        assert isinstance(at, int)
        inside = [value for ts, value in values if at <= ts < at + 15]
        total = float(sum(map(Fraction, inside))) if inside else None
        assert point["count"] == len(inside)
        assert point["min"] == min(inside, default=None)
        assert point["max"] == max(inside, default=None)
        assert point["last"] == (inside[-1] if inside else None)
        assert point["sum"] == total
        assert point["avg"] == (None if total is None else total / len(inside))


def test_booleans_count_as_one_and_zero() -> None:
    [point] = drawn(Grid(0, 10, 0, 10), [(0, True), (1, False), (2, True), (3, True)], [])
    assert point == {"t": 0, "min": 0, "max": 1, "avg": 0.75, "last": True, "count": 4, "sum": 3}


def test_texts_have_a_last_and_a_count_only() -> None:
    [point] = drawn(Grid(0, 10, 0, 10), [(0, "idle"), (1, "busy")], [1])
    nothing = dict.fromkeys(("min", "max", "avg", "sum"))
    assert point == {"t": 0, "last": "busy", "count": 2} | nothing


def test_a_sum_beyond_floats_is_null_and_the_rest_stands() -> None:
    [point] = drawn(Grid(0, 10, 0, 10), [(0, 1.7e308), (1, 1.7e308), (2, -1.7e308)], [2])
    assert (point["sum"], point["avg"]) == (None, None)
    assert (point["max"], point["count"]) == (1.7e308, 3)


@given(st.lists(numbers))
def test_a_few_floats_have_exactly_the_same_sum(values: list[float]) -> None:
    parts = exact_parts(values)
    assert parts is not None
    assert sum(map(Fraction, parts)) == sum(map(Fraction, values))


def test_a_sum_does_not_lose_what_is_small() -> None:
    assert exact_parts([1e100, 1.0, -1e100]) == [1.0]


@given(st.integers(0, 10**12), st.integers(1, 10**10), st.integers(1, 10_000))
def test_points_cover_the_span_and_are_not_more_than_asked(
    start: int, length: int, points: int
) -> None:
    grid = Grid.of_points(start, start + length, points)
    assert 1 <= grid.count <= points
    assert grid.first == start
    assert grid.first + grid.count * grid.width >= start + length


@given(st.integers(0, 10**12), st.integers(1, 10**8), st.integers(1, 10**7))
def test_buckets_have_edges_that_do_not_depend_on_the_start(
    start: int, length: int, width: int
) -> None:
    grid = Grid.of_buckets(start, start + length, width)
    assert grid.first % width == 0
    assert grid.first <= start < grid.first + width
    assert grid.count == math.ceil((start + length - grid.first) / width)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1ms", 1), ("15s", 15_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000)],
)
def test_a_width_has_a_number_and_a_unit(text: str, ms: int) -> None:
    assert bucket_ms(text) == ms


@pytest.mark.parametrize("text", ["", "0s", "5", "s", "1.5h", "-1s", "1 h", "1w"])
def test_what_is_no_width_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a bucket is"):
        bucket_ms(text)

from hypothesis import given
from hypothesis import strategies as st

from apps.loyalty.ledger.rules import balanced, take

remainders = st.lists(st.integers(0, 100), max_size=10)


@given(remainders, st.integers(0, 1500))
def test_what_is_taken_and_what_is_missing_is_what_was_asked(
    remaining: list[int], points: int
) -> None:
    taken, missing = take(enumerate(remaining), points)
    assert sum(one.points for one in taken) + missing == points
    assert missing == max(0, points - sum(remaining))


@given(remainders, st.integers(0, 1500))
def test_no_lot_gives_more_than_it_has(remaining: list[int], points: int) -> None:
    taken, _ = take(enumerate(remaining), points)
    assert all(0 < one.points <= remaining[one.lot_id] for one in taken)


@given(remainders, st.integers(0, 1500))
def test_the_first_lots_are_emptied_first(remaining: list[int], points: int) -> None:
    taken, _ = take(enumerate(remaining), points)
    assert all(one.points == remaining[one.lot_id] for one in taken[:-1])
    assert [one.lot_id for one in taken] == sorted(one.lot_id for one in taken)


def test_a_ledger_balances_when_its_lots_have_what_its_entries_brought() -> None:
    assert balanced([10, 5, -3], [7, 5])
    assert not balanced([10], [9])
    assert not balanced([0], [1, -1])

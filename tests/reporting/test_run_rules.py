from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.reporting.runs.rules import file_key, file_name, turn
from shared.storage.base import check_key

NOW = datetime(2025, 11, 21, 16, tzinfo=UTC)


@given(st.integers(0, 30), st.integers(1, 1_000))
def test_every_turn_is_due_at_once(open_runs: int, most: int) -> None:
    assert turn(NOW, open_runs, most) <= NOW


def test_who_has_more_open_comes_later() -> None:
    turns = [turn(NOW, there, 20) for there in range(20)]
    assert turns == sorted(set(turns))


def test_nobody_waits_for_ever() -> None:
    last = turn(NOW, 19, 20)
    assert turn(NOW + timedelta(minutes=20), 0, 20) > last


def test_a_file_lies_under_its_organisation() -> None:
    key = file_key("org_1", "run_2")
    assert check_key(key) == "org_1/runs/run_2.csv"


def test_a_file_is_called_after_what_it_has_and_when_it_was_asked_for() -> None:
    assert file_name("events", NOW) == "events-20251121T160000Z.csv"

from datetime import timedelta

from apps.administration.keys.rules import Standing, excess, leaves_a_manager, outlives
from shared.clock import ManualClock

NOW = ManualClock().now()
SOON = NOW + timedelta(hours=1)
MANAGES = frozenset({"keys:write"})


def test_what_a_key_lacks_is_named_in_order() -> None:
    assert excess(["b", "a", "c", "a"], frozenset({"c"})) == ["a", "b"]


def test_a_key_without_an_end_may_make_any() -> None:
    assert not outlives(None, None)
    assert not outlives(SOON, None)


def test_a_key_with_an_end_makes_none_beyond_it() -> None:
    assert outlives(None, SOON)
    assert outlives(SOON + timedelta(seconds=1), SOON)
    assert not outlives(SOON, SOON)


def test_one_of_two_managers_may_go() -> None:
    assert leaves_a_manager([Standing(1, MANAGES, None), Standing(2, MANAGES, SOON)], 1, NOW)


def test_the_only_manager_may_not_go() -> None:
    assert not leaves_a_manager(
        [Standing(1, MANAGES, None), Standing(2, frozenset(), None)], 1, NOW
    )


def test_an_expired_manager_does_not_count() -> None:
    assert not leaves_a_manager([Standing(1, MANAGES, None), Standing(2, MANAGES, NOW)], 1, NOW)


def test_a_key_that_manages_nothing_may_always_go() -> None:
    assert leaves_a_manager([Standing(1, frozenset(), None)], 1, NOW)

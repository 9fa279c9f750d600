"""Guessing is slowed by account and by address; the owner comes in."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from shared.auth import throttle
from shared.auth.throttle import (
    ACCOUNT,
    ADDRESS,
    DEVICE,
    DEVICE_KNOWN,
    DEVICES_KEPT,
    WINDOW,
    Admitted,
    Devices,
    Limit,
    Throttle,
    Throttled,
    delay,
    network,
)
from shared.db import Database
from shared.ids import new_id
from shared.models import Attempt

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
COUNTS = st.integers(0, 10**9)
LIMITS = st.builds(
    Limit, st.integers(0, 100), st.timedeltas(timedelta(seconds=1), timedelta(days=1))
)


@pytest.fixture
def slow() -> Throttle:
    """One whose counts no other test shares."""
    return Throttle(new_id("secret"), "password")


async def tries(
    slow: Throttle, database: Database, account: str, times: int, **more: str | None
) -> list[Admitted]:
    address, device = more.get("address"), more.get("device")
    return [await slow.admit(database, account, address, NOW, device=device) for _ in range(times)]


async def wait(slow: Throttle, database: Database, account: str, now: datetime = NOW) -> int:
    """The seconds that an attempt is told to wait."""
    with pytest.raises(Throttled) as refused:
        await slow.admit(database, account, None, now)
    return int(refused.value.extra["retry_after"])


async def test_what_is_free_is_free_by_a_clock_that_is_behind(
    slow: Throttle, database: Database
) -> None:
    await tries(slow, database, "a@example.com", 1)
    await slow.admit(database, "a@example.com", None, NOW - timedelta(hours=1))


@given(COUNTS, LIMITS)
def test_no_wait_is_longer_than_the_limit(count: int, limit: Limit) -> None:
    assert timedelta(0) <= delay(count, limit) <= limit.longest


@given(COUNTS, LIMITS)
def test_more_attempts_never_wait_less(count: int, limit: Limit) -> None:
    assert delay(count, limit) <= delay(count + 1, limit)


@given(LIMITS)
def test_the_free_attempts_wait_for_nothing_and_the_next_for_a_second(limit: Limit) -> None:
    assert limit.free == 0 or delay(limit.free - 1, limit) == timedelta(0)
    assert delay(limit.free, limit) == SECOND


def test_an_account_stands_fewer_guesses_a_day_than_the_standard_allows() -> None:
    at, count = NOW, 0
    while at < NOW + WINDOW:
        count += 1
        at += delay(count, ACCOUNT)
    assert count <= 45


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_what_one_customer_has_counts_as_one_address(address: str, counted: str) -> None:
    assert network(address) == counted


async def test_after_the_free_attempts_the_next_waits_longer_each_time(
    database: Database, slow: Throttle
) -> None:
    await tries(slow, database, "a@example.com", ACCOUNT.free)
    assert await wait(slow, database, "a@example.com") == 1
    await slow.admit(database, "a@example.com", None, NOW + SECOND)
    assert await wait(slow, database, "a@example.com", NOW + SECOND) == 2


async def test_a_refused_attempt_does_not_count(database: Database, slow: Throttle) -> None:
    await tries(slow, database, "a@example.com", ACCOUNT.free)
    assert [await wait(slow, database, "a@example.com") for _ in range(3)] == [1, 1, 1]


async def test_an_account_is_one_however_it_is_written(database: Database, slow: Throttle) -> None:
    await tries(slow, database, "a@example.com", ACCOUNT.free)
    assert await wait(slow, database, "A@Example.com") == 1


async def test_another_account_and_another_purpose_do_not_wait(database: Database) -> None:
    secret = new_id("secret")
    slow, other = Throttle(secret, "password"), Throttle(secret, "mail")
    await tries(slow, database, "a@example.com", ACCOUNT.free)
    await slow.admit(database, "b@example.com", None, NOW)
    await other.admit(database, "a@example.com", None, NOW)


async def test_an_address_that_tries_many_accounts_waits(
    database: Database, slow: Throttle
) -> None:
    for number in range(ADDRESS.free):
        await slow.admit(database, f"{number}@example.com", "192.0.2.7", NOW)
    with pytest.raises(Throttled):
        await slow.admit(database, "more@example.com", "192.0.2.7", NOW)
    await slow.admit(database, "more@example.com", "192.0.2.8", NOW)


async def test_a_known_device_comes_in_while_others_guess(
    database: Database, slow: Throttle
) -> None:
    await tries(slow, database, "a@example.com", ACCOUNT.free, address="192.0.2.7")
    await wait(slow, database, "a@example.com")
    await slow.admit(database, "a@example.com", "192.0.2.7", NOW, device="mine")


async def test_a_stolen_device_is_slowed_too(database: Database, slow: Throttle) -> None:
    await tries(slow, database, "a@example.com", DEVICE.free, device="mine")
    with pytest.raises(Throttled):
        await slow.admit(database, "a@example.com", None, NOW, device="mine")


async def test_signing_in_forgets_what_was_tried_before(database: Database, slow: Throttle) -> None:
    attempts = await tries(slow, database, "a@example.com", ACCOUNT.free, address="192.0.2.7")
    async with database.unit_of_work() as session:
        await slow.passed(session, attempts[-1], NOW)
    await tries(slow, database, "a@example.com", ACCOUNT.free)


async def test_signing_in_takes_back_one_attempt_of_the_address(
    database: Database, slow: Throttle
) -> None:
    for number in range(ADDRESS.free):
        made = await slow.admit(database, f"{number}@example.com", "192.0.2.7", NOW)
    async with database.unit_of_work() as session:
        await slow.passed(session, made, NOW)
    await slow.admit(database, "more@example.com", "192.0.2.7", NOW)
    with pytest.raises(Throttled):
        await slow.admit(database, "more@example.com", "192.0.2.7", NOW)


async def test_of_many_at_once_each_counts(database: Database, slow: Throttle) -> None:
    many = (slow.admit(database, "a@example.com", None, NOW) for _ in range(ACCOUNT.free + 5))
    answers = await asyncio.gather(*many, return_exceptions=True)
    assert sum(isinstance(answer, Admitted) for answer in answers) == ACCOUNT.free
    assert sum(isinstance(answer, Throttled) for answer in answers) == 5


async def test_midnight_forgives_nothing_and_two_days_do(
    database: Database, slow: Throttle
) -> None:
    await tries(slow, database, "a@example.com", ACCOUNT.free + 0)
    await slow.admit(database, "a@example.com", None, NOW + WINDOW)
    assert await wait(slow, database, "a@example.com", NOW + WINDOW) == 2
    later = NOW + 3 * WINDOW
    for _ in range(ACCOUNT.free):
        await slow.admit(database, "a@example.com", None, later)


async def test_half_a_character_is_an_account_like_any_other(
    database: Database, slow: Throttle
) -> None:
    await tries(slow, database, "\ud800", ACCOUNT.free)
    assert await wait(slow, database, "\ud800") == 1


async def test_a_row_tells_nobody_who_tried(database: Database, slow: Throttle) -> None:
    [attempt] = await tries(slow, database, "a@example.com", 1)
    other = Throttle(new_id("secret"), "password")._subject("account", "a@example.com")
    assert attempt.lane != other
    assert len(attempt.lane) == 32


async def test_what_nobody_asks_for_any_more_is_forgotten(
    database: Database, slow: Throttle
) -> None:
    [old] = await tries(slow, database, "a@example.com", 1)
    later = NOW + 2 * WINDOW
    new = await slow.admit(database, "b@example.com", None, later)
    async with database.unit_of_work() as session:
        while await throttle.prune(session, later, most=2):
            pass
        left = select(func.count()).select_from(Attempt)
        assert await session.scalar(left.where(Attempt.subject == old.lane)) == 0
        assert await session.scalar(left.where(Attempt.subject == new.lane)) == 1


DEVICES = Devices("a secret")


def test_a_device_is_known_for_the_account_that_signed_in_with_it() -> None:
    value = DEVICES.add(None, "a@example.com", NOW)
    assert DEVICES.find(value, "A@example.com", NOW)
    assert DEVICES.find(value, "b@example.com", NOW) is None


def test_a_device_is_forgotten_in_time() -> None:
    value = DEVICES.add(None, "a@example.com", NOW)
    assert DEVICES.find(value, "a@example.com", NOW + DEVICE_KNOWN - SECOND)
    assert DEVICES.find(value, "a@example.com", NOW + DEVICE_KNOWN) is None


def test_a_device_remembers_some_accounts_the_latest_first() -> None:
    value = None
    accounts = [f"{number}@example.com" for number in range(DEVICES_KEPT + 1)]
    for account in accounts:
        value = DEVICES.add(value, account, NOW)
    known = [account for account in accounts if DEVICES.find(value, account, NOW)]
    assert known == accounts[1:]


def test_signing_in_again_renews_the_device_and_keeps_one_entry() -> None:
    value = DEVICES.add(DEVICES.add(None, "a@example.com", NOW), "a@example.com", NOW + SECOND)
    assert value.count("~") == 0


def test_another_secret_knows_no_device() -> None:
    value = DEVICES.add(None, "a@example.com", NOW)
    assert Devices("another secret").find(value, "a@example.com", NOW) is None


@given(st.text(max_size=200))
def test_any_text_is_no_device(value: str) -> None:
    assert DEVICES.find(value, "a@example.com", NOW) is None


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_changed_value_is_no_device(place: int, letter: str) -> None:
    value = DEVICES.add(None, "a@example.com", NOW)
    place %= len(value)
    changed = value[:place] + letter + value[place + 1 :]
    assert changed == value or DEVICES.find(changed, "a@example.com", NOW) is None

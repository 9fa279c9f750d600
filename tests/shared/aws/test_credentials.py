import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from shared.aws import credentials as module
from shared.aws.credentials import Credentials, CredentialsUnavailable, TaskCredentials
from shared.clock import ManualClock
from shared.telemetry import logs
from tests.support.logged import logged
from tests.support.until import until

LIFE = timedelta(hours=6)


def credentials_number(number: int, expires_at: datetime | None = None) -> Credentials:
    return Credentials(f"AKID{number}", "secret", "token", expires_at)


class Source:
    """A source of credentials that a test can hold up or make fail."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.calls = 0
        self.threads: list[int] = []
        self.error: Exception | None = None
        self.go = threading.Event()
        self.go.set()

    def __call__(self) -> Credentials:
        self.calls += 1
        self.threads.append(threading.get_ident())
        assert self.go.wait(30), "held up for ever: the loop did not go on"
        if self.error:
            raise self.error
        return credentials_number(self.calls, self.clock.now() + LIFE)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def source(clock: ManualClock) -> Source:
    return Source(clock)


@pytest.fixture
def held(source: Source, clock: ManualClock) -> TaskCredentials:
    return TaskCredentials(source, clock=clock)


def until_minutes_before_the_end(clock: ManualClock, minutes: float) -> None:
    clock.advance(seconds=(LIFE - timedelta(minutes=minutes)).total_seconds())


def fetched(source: Source, times: int) -> Callable[[], bool]:
    return lambda: source.calls == times


async def test_they_are_fetched_once_for_all_who_ask(held: TaskCredentials, source: Source) -> None:
    got = await asyncio.gather(*(held.get() for _ in range(10)))
    assert {credentials.access_key for credentials in got} == {"AKID1"}
    assert source.calls == 1


async def test_they_are_fetched_in_another_thread(held: TaskCredentials, source: Source) -> None:
    await held.get()
    assert threading.get_ident() not in source.threads


async def test_ahead_of_their_end_new_ones_are_fetched_beside(
    held: TaskCredentials, source: Source, clock: ManualClock
) -> None:
    await held.get()
    until_minutes_before_the_end(clock, 15)
    source.go.clear()
    assert (await held.get()).access_key == "AKID1"
    await until(fetched(source, 2))
    assert (await held.get()).access_key == "AKID1"
    source.go.set()

    async def renewed() -> bool:
        return (await held.get()).access_key == "AKID2"

    await until(renewed)


async def test_before_that_nothing_is_fetched(
    held: TaskCredentials, source: Source, clock: ManualClock
) -> None:
    await held.get()
    until_minutes_before_the_end(clock, 16)
    assert (await held.get()).access_key == "AKID1"
    assert source.calls == 1
    assert held._fetching is not None
    assert held._fetching.done()


async def test_that_they_cannot_be_fetched_is_said_of_no_request(
    held: TaskCredentials, source: Source
) -> None:
    source.error = OSError("away")
    with logged() as lines:
        with logs.bound(who="usr_1"), pytest.raises(CredentialsUnavailable):
            await held.get()
        (line,) = await until(lambda: [one for one in lines() if "away" in one["message"]])
    assert "who" not in line


async def test_those_that_still_count_are_served_while_fetching_fails(
    held: TaskCredentials, source: Source, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await held.get()
    source.error = OSError("the endpoint\nis away")
    until_minutes_before_the_end(clock, 14)
    with caplog.at_level(logging.WARNING, module.__name__):
        assert (await held.get()).access_key == "AKID1"
        await until(lambda: caplog.records)
    assert "could not be fetched: OSError: the endpoint\\nis away" in caplog.text
    assert (await held.get()).access_key == "AKID1"
    assert source.calls == 2


async def test_a_failing_source_is_left_alone_for_a_while_then_asked_again(
    held: TaskCredentials, source: Source, clock: ManualClock
) -> None:
    await held.get()
    source.error = OSError("away")
    until_minutes_before_the_end(clock, 14)
    for _ in range(5):
        await held.get()
    await until(fetched(source, 2))
    await until(lambda: held._fetching and held._fetching.done())
    clock.advance(seconds=30)
    source.error = None
    await held.get()
    await until(fetched(source, 3))


async def test_ended_ones_are_never_served(
    held: TaskCredentials, source: Source, clock: ManualClock
) -> None:
    await held.get()
    source.error = OSError("away")
    clock.advance(seconds=LIFE.total_seconds() - 15)
    with pytest.raises(CredentialsUnavailable, match="OSError: away"):
        await held.get()
    source.error = None
    assert (await held.get()).access_key == "AKID3"


async def test_a_source_that_gives_ended_ones_counts_as_failing(clock: ManualClock) -> None:
    held = TaskCredentials(lambda: credentials_number(1, clock.now()), clock=clock)
    with pytest.raises(CredentialsUnavailable, match="have ended"):
        await held.get()


async def test_those_without_an_end_are_kept(clock: ManualClock) -> None:
    numbers = iter(range(1, 9))
    held = TaskCredentials(lambda: credentials_number(next(numbers)), clock=clock)
    await held.get()
    clock.advance(seconds=1e9)
    assert (await held.get()).access_key == "AKID1"


async def test_waiting_for_them_has_an_end_and_the_fetch_goes_on(
    held: TaskCredentials, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    source.go.clear()
    with pytest.raises(CredentialsUnavailable, match=r"did not arrive within 0.05 s"):
        await held.get()
    source.go.set()
    monkeypatch.setattr(module, "WAIT_S", 10)
    assert (await held.get()).access_key == "AKID1"
    assert source.calls == 1


async def test_who_stops_waiting_stops_nobody_else(held: TaskCredentials, source: Source) -> None:
    source.go.clear()
    impatient = asyncio.create_task(held.get())
    patient = asyncio.create_task(held.get())
    await until(fetched(source, 1))
    impatient.cancel()
    source.go.set()
    assert (await patient).access_key == "AKID1"
    assert impatient.cancelled()


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Credentials("AKID1", "a secret", "a secret token"))

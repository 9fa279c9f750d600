"""A worker that runs: woken, polling, stopped."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.bus import MemoryBus, Subscription
from shared.jobs import leases, wake
from shared.jobs import worker as module
from tests.shared.jobs.conftest import Queue
from tests.support.until import until


@asynccontextmanager
async def running(queue: Queue) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(queue.worker().run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


class NoBus(MemoryBus):
    """A bus that never delivers."""

    async def subscribe(self, *channels: str) -> Subscription:
        await asyncio.Event().wait()
        raise AssertionError(channels)


async def test_the_bus_wakes_it_at_once(live: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 3_600)
    async with running(live):
        await until(lambda: live.bus._subscriptions, "it listens")
        await live.add("a")
        await wake(live.bus, live.name)
        await until(lambda: live.effects("a"))


async def test_without_a_bus_it_finds_the_work_by_polling(
    live: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.05)
    live.bus = NoBus()
    async with running(live):
        await live.add("a")
        await until(lambda: live.effects("a"))


async def test_many_wake_ups_are_one_look(live: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 3_600)
    looks: list[int] = []
    worker = live.worker()
    work = worker.work_once

    async def counted(stop: asyncio.Event | None = None) -> int:
        looks.append(1)
        return await work(stop)

    monkeypatch.setattr(worker, "work_once", counted)
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    await until(lambda: live.bus._subscriptions)
    for _ in range(500):
        await wake(live.bus, live.name)
    await live.add("a")
    await wake(live.bus, live.name)
    await until(lambda: live.effects("a"))
    stop.set()
    await asyncio.wait_for(task, 20)
    assert len(looks) < 50


async def test_when_idle_it_stops_within_a_second(live: Queue) -> None:
    async with running(live) as stop:
        await until(lambda: live.bus._subscriptions)
        began = time.monotonic()
        stop.set()
    assert time.monotonic() - began < 1


async def test_a_handler_that_hangs_is_called_off_and_its_job_given_back(live: Queue) -> None:
    begun = asyncio.Event()

    async def hang(_payload: dict[str, Any]) -> None:
        begun.set()
        await asyncio.Event().wait()

    live.hook = hang
    await live.add("a", "b")
    async with running(live) as stop:
        await asyncio.wait_for(begun.wait(), 20)
        began = time.monotonic()
        stop.set()
    assert time.monotonic() - began < 2
    assert await live.effects("a") == 0
    assert await live.statuses() == {"a": "ready", "b": "ready"}
    assert (await live.job("a")).attempts == 0


async def test_a_database_that_is_away_is_tried_again(
    live: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.02)
    failures = [OSError("gone")] * 3
    real = leases.any_due

    async def flaky(*arguments: Any) -> bool:
        if failures:
            raise failures.pop()
        return bool(await real(*arguments))

    monkeypatch.setattr(leases, "any_due", flaky)
    await live.add("a")
    async with running(live):
        await until(lambda: live.effects("a"))


async def test_several_running_at_once_do_each_job_once(live: Queue) -> None:
    keys = [f"{number:03d}" for number in range(30)]
    await live.add(*keys)
    async with running(live), running(live):
        await until(lambda: len(live.calls) >= len(keys))
    assert sorted(live.calls) == keys
    assert set((await live.statuses()).values()) == {"done"}

"""One worker, batch by batch."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.jobs import leases
from shared.jobs import worker as module
from shared.jobs.worker import ATTEMPTS, BATCH, ENDED, WAITING
from tests.shared.jobs.conftest import Queue


class BrokenError(Exception):
    pass


async def fail(_payload: dict[str, Any]) -> None:
    raise BrokenError("it said \x1b[31m" + "x" * 1000)


async def fail_poison(payload: dict[str, Any]) -> None:
    if payload["key"] == "poison":
        raise BrokenError


def count(queue: Queue, outcome: str) -> float:
    return float(ENDED.labels(queue.name, outcome)._value.get())


async def test_a_job_is_done_once(queue: Queue) -> None:
    await queue.add("a")
    assert await queue.worker().work_once() == 1
    assert await queue.worker().work_once() == 0
    assert await queue.effects("a") == 1
    job = await queue.job("a")
    assert (job.status, job.lease, job.error) == ("done", None, None)
    assert count(queue, "done") == 1


async def test_a_job_that_was_written_twice_is_one(queue: Queue) -> None:
    await queue.add("a", "a")
    await queue.worker().work_once()
    await queue.add("a")
    assert await queue.worker().work_once() == 0


async def test_other_queues_are_left_alone(queue: Queue) -> None:
    await Queue(queue.database).add("a")
    assert await queue.worker().work_once() == 0


async def test_a_job_waits_until_it_is_due(queue: Queue) -> None:
    await queue.add("a")
    queue.clock.advance(seconds=-1)
    assert await queue.worker().work_once() == 0


async def test_a_batch_is_bounded_and_the_rest_follows(queue: Queue) -> None:
    keys = [f"{number:03d}" for number in range(BATCH + 1)]
    await queue.add(*keys)
    assert await queue.worker().work_once() == BATCH
    assert await queue.worker().work_once() == 1
    assert queue.calls == keys


async def test_a_failure_takes_back_its_effect_and_says_why(queue: Queue) -> None:
    queue.hook = fail
    await queue.add("a")
    await queue.worker().work_once()
    assert await queue.effects("a") == 0
    job = await queue.job("a")
    assert job.status == "ready"
    assert job.lease is None
    assert job.error is not None
    assert job.error.startswith("BrokenError: it said \\x1b[31mxxx")
    assert len(job.error) <= 500
    assert count(queue, "failed") == 1


async def test_it_waits_longer_after_each_failure(queue: Queue) -> None:
    queue.hook = fail
    await queue.add("a")
    waits = []
    for _ in range(4):
        queue.clock.advance(seconds=3_600)
        await queue.worker().work_once()
        waits.append(((await queue.job("a")).run_after - queue.clock.now()).total_seconds())
    assert waits == [2, 4, 8, 16]


async def test_after_its_attempts_it_is_dead_and_stays(queue: Queue) -> None:
    queue.hook = fail
    await queue.add("a")
    for _ in range(ATTEMPTS + 2):
        queue.clock.advance(seconds=3_601)
        await queue.worker().work_once()
    job = await queue.job("a")
    assert job.status == "dead"
    assert job.attempts == ATTEMPTS
    assert job.error is not None
    assert len(queue.calls) == ATTEMPTS
    assert count(queue, "dead") == 1


async def test_a_poison_job_stops_no_other(queue: Queue) -> None:
    queue.hook = fail_poison
    await queue.add("a", "poison", "b")
    await queue.worker().work_once()
    assert await queue.statuses() == {"a": "done", "poison": "ready", "b": "done"}


async def test_a_handler_that_takes_too_long_is_taken_back(queue: Queue) -> None:
    async def hang(_payload: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    queue.hook = hang
    await queue.add("a")
    await queue.worker(lease=timedelta(seconds=0.2)).work_once()
    assert await queue.effects("a") == 0
    job = await queue.job("a")
    assert job.status == "ready"
    assert job.error == "TimeoutError: "


async def test_what_waits_is_counted(queue: Queue) -> None:
    await queue.add("a", "b")
    await queue.worker().tidy()
    assert WAITING.labels(queue.name)._value.get() == 2


async def test_what_was_done_long_ago_is_deleted_and_the_rest_stays(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "PRUNED_AT_ONCE", 2)
    queue.hook = fail_poison
    await queue.add("a", "b", "c", "poison")
    await queue.worker().work_once()
    queue.clock.advance(seconds=3_600)
    await queue.add("new")
    await queue.worker().work_once()
    await queue.worker(keep_done=timedelta(minutes=30)).tidy()
    assert await queue.statuses() == {"poison": "ready", "new": "done"}


async def test_deleting_what_was_done_is_bounded(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "PRUNED_AT_ONCE", 1)
    monkeypatch.setattr(module, "TIDY_ROUNDS", 2)
    await queue.add("a", "b", "c")
    await queue.worker().work_once()
    queue.clock.advance(seconds=3_600)
    await queue.worker(keep_done=timedelta(0)).tidy()
    assert len(await queue.statuses()) == 1

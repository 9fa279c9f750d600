"""Ingest is killed while trackers send; no record that was counted is lost, none is there twice."""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from apps.fleet.avl import Fix
from apps.fleet.tracker import Tracker
from shared.clock import SystemClock
from shared.db import Database
from shared.models import Reading, UsageHour
from tests.support.builders import MadeDevice, make_tenant
from tests.support.ingest_process import IngestProcess
from tests.support.servers import free_port
from tests.support.trackers import make_tracker
from tests.support.until import until

TRACKERS = 8
KILLS = 3
# The longest that a back-off lasts here.
WAIT_S = 0.1


async def soon(seconds: float) -> None:
    await asyncio.sleep(min(seconds, WAIT_S))


def connecting(ingest: IngestProcess, device: MadeDevice) -> Tracker:
    """A tracker that now and then cuts its connection before the answer."""
    rng = random.Random(device.uid)
    port = ingest.teltonika_port
    return Tracker("127.0.0.1", port, device.uid, rng=rng, cut=0.02, sleep=soon)


async def drive(tracker: Tracker, stop: asyncio.Event) -> int:
    """Give it records until `stop`; returns how many."""
    begun = SystemClock().now_ms() - 500_000
    sent = 0
    while not stop.is_set():
        while tracker.waiting < 40:
            tracker.add(Fix(t=begun + sent, speed=sent % 90, io={16: sent}))
            sent += 1
        await asyncio.sleep(0.005)
    return sent


async def stored(database: Database, device: MadeDevice) -> Counter[int]:
    """How often each value of the element 16, which counts records, is stored."""
    async with database.read() as session:
        rows = await session.scalars(select(Reading.body).where(Reading.device_id == device.id))
        return Counter(body["io.16"] for body in rows)


@pytest.mark.timeout(300)
async def test_three_kills_lose_and_double_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    rng = random.Random(9001)
    ingest = IngestProcess(database_url, tmp_path / "ingest.log", teltonika_port=free_port())
    tenant = await make_tenant(database)
    devices = [await make_tracker(database, tenant) for _ in range(TRACKERS)]
    ingest.start()
    trackers = [connecting(ingest, device) for device in devices]
    stop = asyncio.Event()
    running = [asyncio.create_task(tracker.run()) for tracker in trackers]
    driving = asyncio.gather(*(drive(tracker, stop) for tracker in trackers))

    for _ in range(KILLS):
        before = sum(len(tracker.counted) for tracker in trackers)
        further = rng.randrange(1, 1000)
        await until(
            lambda: sum(len(t.counted) for t in trackers) >= before + further,  # noqa: B023 - awaited here
            "counts",
            60,
        )
        ingest.end(signal.SIGKILL)
        ingest.start()
    stop.set()
    sent = await driving
    await until(lambda: not any(tracker.waiting for tracker in trackers), "the last counts", 60)
    for task in running:
        task.cancel()
    assert ingest.end(signal.SIGTERM) == 0

    for device, tracker, count in zip(devices, trackers, sent, strict=True):
        assert await stored(database, device) == dict.fromkeys(range(count), 1)
        assert len(tracker.counted) == count
    async with database.read() as session:
        counted = await session.scalar(
            select(func.sum(UsageHour.count)).where(UsageHour.org_id == tenant.id)
        )
    assert counted == sum(sent)

"""Ingest is killed at random moments; nothing acknowledged is lost, nothing is there twice."""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from apps.fleet.client import Client
from apps.fleet.outbox import MemoryOutbox
from shared.db import Database
from shared.models import DeviceEvent, Reading, UsageHour
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.ingest_process import IngestProcess
from tests.support.until import until

DEVICES = 8
KILLS = 10


class Talker:
    """A device that sends as long as it is let, readings and now and then an event."""

    def __init__(self, port: int, device: MadeDevice, rng: random.Random) -> None:
        self.device = device
        self.acked = 0
        self.sent: list[int] = []
        self._rng = rng
        self.client = Client(
            "127.0.0.1",
            port,
            device.uid,
            device.token,
            outbox=MemoryOutbox(limit=400),
            on_ack=self._on_ack,
            rng=rng,
            sleep=self._sleep,
        )

    def _on_ack(self, upto: int) -> None:
        self.acked = max(self.acked, upto)

    async def _sleep(self, seconds: float) -> None:
        # The client's back-off, hurried: ten restarts should not take minutes.
        await asyncio.sleep(min(seconds, 0.2))

    async def talk(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.client.room()
            if self._rng.random() < 0.05:
                self.sent.append(self.client.send_event("moved", {"to": self._rng.random()}))
            else:
                self.sent.append(self.client.send_reading({"temp": self._rng.random()}))
            await asyncio.sleep(0)
        await self.client.drain()


async def stored_numbers(database: Database, device: MadeDevice) -> Counter[tuple[int, int]]:
    counts: Counter[tuple[int, int]] = Counter()
    async with database.read() as session:
        for table in (Reading, DeviceEvent):
            wanted = select(table.boot, table.seq).where(table.device_id == device.id)
            counts.update((boot, seq) for boot, seq in await session.execute(wanted))
    return counts


@pytest.mark.timeout(300)
async def test_ten_kills_lose_and_double_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    rng = random.Random(20)
    ingest = IngestProcess(database_url, tmp_path / "ingest.log")
    tenant = await make_tenant(database)
    ingest.start()
    talkers = [
        Talker(ingest.port, await make_device(database, tenant), random.Random(number))
        for number in range(DEVICES)
    ]
    stop = asyncio.Event()
    for talker in talkers:
        talker.client.start()
    talking = asyncio.gather(*(talker.talk(stop) for talker in talkers))

    for _ in range(KILLS):
        before = sum(talker.acked for talker in talkers)
        further = rng.randrange(1, 3000)
        await until(
            lambda: sum(t.acked for t in talkers) >= before + further,  # noqa: B023 - awaited here
            "acknowledgements",
            60,
        )
        ingest.end(signal.SIGKILL)
        ingest.start()
    stop.set()
    await talking
    assert ingest.end(signal.SIGTERM) == 0

    total = 0
    for talker in talkers:
        await talker.client.close()
        counts = await stored_numbers(database, talker.device)
        assert sorted(seq for _, seq in counts) == talker.sent
        assert set(counts.values()) == {1}
        total += len(talker.sent)
    async with database.read() as session:
        counted = await session.scalar(
            select(func.sum(UsageHour.count)).where(UsageHour.org_id == tenant.id)
        )
    assert counted == total

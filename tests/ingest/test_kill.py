"""Ingest is killed at random moments; nothing acknowledged is lost, nothing is there twice."""

import asyncio
import random
import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from shared.db import Database
from shared.models import UsageHour
from tests.support.builders import make_device, make_tenant
from tests.support.ingest_process import IngestProcess
from tests.support.talkers import Talker, stored_numbers
from tests.support.until import until

DEVICES = 8
# Each costs seconds; a laptop's SQLite has one writer, so few things can go wrong in it.
KILLS = {"mariadb": 10, "sqlite": 3}


@pytest.mark.timeout(300)
async def test_kills_lose_and_double_nothing(
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

    for _ in range(KILLS["sqlite" if database.is_sqlite else "mariadb"]):
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

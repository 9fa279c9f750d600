"""How fast readings are committed and acknowledged, beside the database's own rate."""

import asyncio
import signal
import tempfile
from pathlib import Path

from rich.console import Console

from shared.db import Database
from shared.settings import Settings
from tests.bench.load import Load, drive
from tests.bench.own_rate import own_rate
from tests.bench.results import RUNS, Figure, keep
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.databases import migrated_database
from tests.support.ingest_process import IngestProcess

ROWS = 200_000


async def _devices(url: str, count: int) -> list[MadeDevice]:
    database = Database.from_settings(Settings(database_url=url))
    tenant = await make_tenant(database)
    devices = [await make_device(database, tenant) for _ in range(count)]
    await database.close()
    return devices


async def _measure(folder: Path) -> list[Figure]:
    own = Figure("MariaDB alone, one connection, INSERT of 2,000 rows", "rows/s")
    figures = {
        (200, 64): Figure("200 connections, window 64", "messages/s", reach=20_000),
        (200, 1): Figure("200 connections, window 1", "messages/s"),
        (20, 64): Figure("20 connections, window 64", "messages/s"),
    }
    share = Figure("200 connections, window 64, of MariaDB's own rate", "share")
    async with migrated_database("mariadb", folder) as url:
        devices = await _devices(url, 200)
        ingest = IngestProcess(url, folder / "ingest.log")
        ingest.start()
        for run in range(RUNS):
            Console(stderr=True).print(f"ingest: run {run + 1} of {RUNS}")
            own.runs.append(await own_rate(url, ROWS))
            for (count, window), figure in figures.items():
                messages = ROWS // count if window > 1 else 200
                load = Load(ingest.port, window, messages, boot=run * 10 + len(figure.name))
                rate = await asyncio.to_thread(drive, load, devices[:count])
                figure.runs.append(rate)
            share.runs.append(figures[200, 64].runs[-1] / own.runs[-1])
        ingest.end(signal.SIGTERM)
    return [own, *figures.values(), share]


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        keep("ingest", asyncio.run(_measure(Path(folder))))

"""How long an export of many readings takes, and how much memory the process that makes it."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from shared.db import Database
from shared.settings import Settings
from tests.bench.results import RUNS, Figure, keep
from tests.support import databases, servers
from tests.support.builders import Tenant, make_device, make_tenant
from tests.support.telemetry import store_readings, store_state
from tests.support.until import until

ROWS = 1_000_000
DEVICES = 20
BATCH = 5_000
T0 = 1_763_740_800_000


@dataclass(frozen=True)
class Measured:
    seconds: float
    peak_mib: float
    cpu_s: float


async def store(database: Database, rows: int) -> Tenant:
    """An organisation with `rows` readings of four metrics."""
    tenant = await make_tenant(database)
    for _ in range(DEVICES):
        device = await make_device(database, tenant)
        latest = {name: [0, T0] for name in ("current", "door", "state", "temp")}
        await store_state(database, tenant, device, latest=latest)
        made = _rows(rows // DEVICES)
        while batch := [row for _, row in zip(range(BATCH), made, strict=False)]:
            await store_readings(database, device, batch)
    return tenant


def _rows(count: int) -> Iterator[tuple[int, int, int, str]]:
    for n in range(count):
        values = {"temp": 20 + n % 97 / 10, "current": n % 1601 / 100, "door": n % 7 == 0}
        yield T0 + n * 1000, 1, n + 1, json.dumps(values | {"state": "idle"})


async def measure(url: str, tenant: Tenant, rows: int, folder: Path) -> Measured:
    """Export the `rows` readings of `tenant` from a process of its own."""
    port = servers.free_port()
    used = folder / "used"
    command = [sys.executable, "-m", "tests.bench.measured", str(used)]
    settings = {"FORTRESS_DATABASE_URL": url, "FORTRESS_PORT": str(port)}
    with servers.process(command, folder / "log", environment=settings):
        await until(lambda: servers.answers(port), "reporting", 60)
        started = time.perf_counter()
        lines = await _download(port, tenant)
        seconds = time.perf_counter() - started
    assert lines == rows + 1, f"{lines} lines for {rows} readings"
    return Measured(seconds, **json.loads(used.read_text()))


async def _download(port: int, tenant: Tenant) -> int:
    lines = 0
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
        http.stream("GET", "/v1/exports/readings.csv", headers=tenant.headers) as answer,
    ):
        answer.raise_for_status()
        async for chunk in answer.aiter_raw():
            lines += chunk.count(b"\n")
    return lines


async def _measure(folder: Path) -> list[Figure]:
    name = f"{ROWS:,} readings as CSV"
    seconds = Figure(name, "s", reach=12, at_most=True)
    peak = Figure(f"{name}, memory at most", "MiB", reach=200, at_most=True)
    cpu = Figure(f"{name}, CPU", "s")
    async with databases.migrated_database("mariadb", folder) as url:
        database = Database.from_settings(Settings(database_url=url))
        tenant = await store(database, ROWS)
        await database.close()
        for run in range(RUNS):
            Console(stderr=True).print(f"export: run {run + 1} of {RUNS}")
            found = await measure(url, tenant, ROWS, folder)
            seconds.runs.append(found.seconds)
            peak.runs.append(found.peak_mib)
            cpu.runs.append(found.cpu_s)
    return [seconds, peak, cpu]


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        keep("export", asyncio.run(_measure(Path(folder))))

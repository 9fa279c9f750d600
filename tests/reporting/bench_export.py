"""How long an export of many readings takes, and how much memory the process that makes it.

`TEST_DATABASE_URL=mysql+aiomysql://… python -m tests.reporting.bench_export --rows 1000000`
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from shared.db import Database
from shared.settings import Settings
from tests.reporting.stored import T0, store_latest, store_readings
from tests.support import databases, servers
from tests.support.builders import MadeDevice, Tenant, make_device, make_tenant
from tests.support.until import until

DEVICES = 20
BATCH = 5_000
RESULT = servers.ROOT / "var" / "bench" / "export.json"


@dataclass(frozen=True)
class Measured:
    rows: int
    bytes: int
    seconds: float
    peak_mib: float
    cpu_s: float


async def measure(database: Database, url: str, rows: int, folder: Path) -> Measured:
    """Store `rows` readings of four metrics and export them from a process of its own."""
    tenant, _ = await _store(database, rows)
    port = servers.free_port()
    used = folder / "used"
    os.environ |= {"FORTRESS_DATABASE_URL": url, "FORTRESS_PORT": str(port)}
    command = [sys.executable, "-m", "tests.reporting.measured", str(used)]
    with servers.process(command, folder / "log"):
        await until(lambda: servers.answers(port), "reporting", 60)
        started = time.perf_counter()
        lines, size = await _download(port, tenant)
        seconds = time.perf_counter() - started
    assert lines == rows + 1, f"{lines} lines for {rows} readings"
    return Measured(rows, size, round(seconds, 2), **json.loads(used.read_text()))


async def _store(database: Database, rows: int) -> tuple[Tenant, list[MadeDevice]]:
    tenant = await make_tenant(database)
    devices = [await make_device(database, tenant) for _ in range(DEVICES)]
    for device in devices:
        latest = {name: [0, T0] for name in ("current", "door", "state", "temp")}
        await store_latest(database, tenant, device, latest)
        made = _rows(rows // DEVICES)
        while batch := [row for _, row in zip(range(BATCH), made, strict=False)]:
            await store_readings(database, device, batch)
    return tenant, devices


def _rows(count: int) -> Iterator[tuple[int, int, int, str]]:
    for n in range(count):
        values = {"temp": 20 + n % 97 / 10, "current": n % 1601 / 100, "door": n % 7 == 0}
        yield T0 + n * 1000, 1, n + 1, json.dumps(values | {"state": "idle"})


async def _download(port: int, tenant: Tenant) -> tuple[int, int]:
    lines = size = 0
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
        http.stream("GET", "/v1/exports/readings.csv", headers=tenant.headers) as answer,
    ):
        answer.raise_for_status()
        async for chunk in answer.aiter_raw():
            lines += chunk.count(b"\n")
            size += len(chunk)
    return lines, size


async def _main(rows: int) -> Measured:
    os.environ[databases.SERVER] = os.environ["TEST_DATABASE_URL"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with databases.migrated_database("mariadb", folder) as url:
            database = Database.from_settings(Settings(database_url=url))
            try:
                return await measure(database, url, rows, folder)
            finally:
                await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    found = asdict(asyncio.run(_main(parser.parse_args().rows)))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found))
    sys.stdout.write(f"{json.dumps(found)}\n")

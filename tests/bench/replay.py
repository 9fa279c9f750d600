"""How fast real files are replayed into ingest: read, sent, committed and acknowledged.

Finding the devices and connecting them is part of it: in the second file there are many.
"""

import asyncio
import csv
import signal
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console

from apps.api.main import create_app
from apps.fleet.api import Api
from apps.fleet.csv_source import CsvSource
from apps.fleet.mapping import ColumnMapping, load_mapping
from apps.fleet.registry import Registry
from apps.fleet.replay import Replay
from shared.settings import Settings
from shared.web.services import Services
from tests.bench.results import RUNS, Figure, keep
from tests.support.builders import make_tenant
from tests.support.databases import migrated_database
from tests.support.ingest_process import IngestProcess
from tests.support.servers import ROOT

DATA = ROOT.parent / "shared" / "data"
FILES = {"office": "office_sensors.csv", "charging": "ev_charging_sessions.csv"}


async def _replay(services: Services, port: int, path: Path, mapping: ColumnMapping) -> float:
    """Messages a second of one replay into a new organisation, whose devices there are already."""
    tenant = await make_tenant(services.database)
    transport = httpx.ASGITransport(app=create_app(services=services))
    async with Api("http://api.fortress.localhost", tenant.key, transport=transport) as api:
        registry = Registry(api)
        await registry.ensure(_devices(path, mapping))
        replay = Replay(CsvSource(path), mapping, registry, host="127.0.0.1", port=port)
        began = time.perf_counter()
        summary = await replay.run()
        seconds = time.perf_counter() - began
    assert summary.complete, summary
    assert not summary.rejected, summary.rejected[:3]
    return summary.acked / seconds


def _devices(path: Path, mapping: ColumnMapping) -> set[str]:
    if mapping.device:
        return {mapping.device}
    with path.open(newline="", encoding="utf-8-sig") as file:
        return {mapping.device_prefix + row[mapping.device_column] for row in csv.DictReader(file)}


async def _measure(folder: Path) -> list[Figure]:
    figures = {
        name: Figure(f"{file}, mapping {name}", "messages/s") for name, file in FILES.items()
    }
    async with migrated_database("mariadb", folder) as url:
        services = Services.from_settings(Settings(database_url=url))
        ingest = IngestProcess(url, folder / "ingest.log")
        ingest.start()
        for run in range(RUNS):
            Console(stderr=True).print(f"replay: run {run + 1} of {RUNS}")
            for name, figure in figures.items():
                path, mapping = DATA / FILES[name], load_mapping(name)
                figure.runs.append(await _replay(services, ingest.port, path, mapping))
        ingest.end(signal.SIGTERM)
        await services.close()
    return list(figures.values())


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        keep("replay", asyncio.run(_measure(Path(folder))))

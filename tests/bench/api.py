"""The device list: pages of 50 among 100,000, beside the same query in a bare FastAPI route."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from sqlalchemy import insert, text

from shared.clock import SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.models import Device
from shared.settings import Settings
from tests.bench import requests
from tests.bench.results import RUNS, Figure, keep
from tests.support import servers
from tests.support.builders import Tenant, make_tenant
from tests.support.databases import migrated_database

DEVICES = 100_000
BATCH = 5_000
ASKED = 400
CONNECTIONS = 8
STATES = text(
    "INSERT INTO device_state (device_id, org_id, boot, last_seq, last_seen, changed_ts, online,"
    " ingest_task, firmware, latest)"
    " SELECT id, org_id, 1, 1, 0, 0, 0, '', '1.0.0', '{}' FROM device WHERE org_id = :org"
)


@dataclass(frozen=True)
class Asked:
    """The same pages, all over the list, as the API and the bare route are asked for them."""

    api: list[bytes]
    bare: list[bytes]


async def _seed(url: str) -> Tenant:
    database = Database.from_settings(Settings(database_url=url))
    tenant = await make_tenant(database)
    now = SystemClock().now()
    same = {"org_id": tenant.id, "name": "", "disabled": False, "gone": 0}
    async with database.transaction() as connection:
        for start in range(0, DEVICES, BATCH):
            rows = [
                {"public_id": new_id("dev"), "uid": f"pump-{number}", **same}
                | {"created_at": now, "updated_at": now}
                for number in range(start, start + BATCH)
            ]
            await connection.execute(insert(Device), rows)
        await connection.execute(STATES, {"org": tenant.id})
    await database.close()
    return tenant


async def _pages(port: int, tenant: Tenant) -> Asked:
    """Walk the list, and ask for 50 from each place that was passed, in turn."""
    places: list[tuple[str, str]] = []
    query = {"limit": "1000"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        while True:
            answer = await http.get("/v1/devices", params=query, headers=tenant.headers)
            page = answer.raise_for_status().json()
            if page["next"] is None:
                break
            places.append((page["next"], page["items"][-1]["id"]))
            query["cursor"] = page["next"]
    wanted = (places * (ASKED // len(places) + 1))[:ASKED]
    return Asked(
        [requests.get(f"/v1/devices?cursor={cursor}", tenant.headers) for cursor, _ in wanted],
        [requests.get(f"/devices?after={device}", {}) for _, device in wanted],
    )


@contextmanager
def _serving(url: str, tenant: Tenant, folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of the API and of the bare route, each a process of its own."""
    api, bare = servers.free_port(), servers.free_port()
    settings = {"FORTRESS_DATABASE_URL": url, "FORTRESS_PORT": str(api)}
    python = [sys.executable, "-m"]
    with (
        servers.process([*python, "apps.api.main"], folder / "api.log", environment=settings),
        servers.process(
            [*python, "tests.bench.bare", str(bare), url, str(tenant.id)], folder / "bare.log"
        ),
    ):
        servers.wait_until(lambda: servers.answers(api) and servers.answers(bare), "the servers")
        yield api, bare


async def _measure(folder: Path) -> list[Figure]:
    what = f"50 of {DEVICES:,} devices"
    took = Figure(f"{what}, p50", "ms", reach=15, at_most=True)
    rate = Figure(f"{what}, {CONNECTIONS} connections", "requests/s")
    bare_rate = Figure("the same query in a bare FastAPI route", "requests/s")
    share = Figure(f"{what}, of the bare route's requests/s", "share", reach=0.5)
    async with migrated_database("mariadb", folder) as url:
        tenant = await _seed(url)
        with _serving(url, tenant, folder) as (api, bare):
            asked = await _pages(api, tenant)
            for run in range(RUNS):
                Console(stderr=True).print(f"api: run {run + 1} of {RUNS}")
                took.runs.append(await requests.p50_ms(api, asked.api[: ASKED // 4]))
                rate.runs.append(await requests.rate(api, asked.api, CONNECTIONS))
                bare_rate.runs.append(await requests.rate(bare, asked.bare, CONNECTIONS))
                share.runs.append(rate.runs[-1] / bare_rate.runs[-1])
    return [took, rate, bare_rate, share]


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        keep("api", asyncio.run(_measure(Path(folder))))

"""The simulator and the replay against the real ingest and API, on each database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from apps.api.main import create_app
from apps.fleet.api import Api
from apps.fleet.client import system_ms
from apps.fleet.csv_source import CsvSource
from apps.fleet.guess import guess
from apps.fleet.registry import Registry
from apps.fleet.replay import Replay, Summary
from apps.fleet.scenario import Fault, Scenario
from apps.fleet.simulator import Simulation
from shared.web.services import Services
from tests.support.builders import make_tenant
from tests.support.ingesting import ingesting

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Service:
    """A running ingest and API, and a tenant's way into them."""

    port: int
    api: Api


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[Service]:
    app = create_app(services=services)
    tenant = await make_tenant(services.database)
    transport = httpx.ASGITransport(app=app)
    async with (
        ingesting(services) as server,
        app.router.lifespan_context(app),
        Api("http://api.fortress.localhost", tenant.key, transport=transport) as api,
    ):
        yield Service(server.port, api)


@pytest.fixture
async def service(services: Services) -> AsyncIterator[Service]:
    async with running(services) as found:
        yield found


async def test_a_faulty_fleet_loses_and_doubles_nothing(service: Service) -> None:
    plan = Scenario(
        devices=12, rate=600, seconds=1, start_ms=system_ms(), seed=3, faults=frozenset(Fault)
    )
    simulation = Simulation(plan, service.api, Registry(service.api), host=HOST, port=service.port)
    report = await simulation.run()
    assert report.verdict.examples == []
    assert report.ok
    assert report.acked == report.sent == 600
    assert report.verdict.stored + len(far(plan)) == 600


def far(plan: Scenario) -> list[int]:
    """The messages whose clock is so far ahead that they must be rejected."""
    return [number for index in range(plan.devices) for number in plan.life(index).far]


async def test_a_replay_is_stored_exactly_and_once(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("device,t,n,word\n" + "".join(f"p-{n % 3},{n},{n}.5,w{n}\n" for n in range(90)))
    first, second = await replay(service, path), await replay(service, path)
    assert (first.sent, first.acked, first.bad, first.rejected) == (90, 90, [], [])
    assert (second.sent, second.already) == (0, 90)
    found = [
        (item["s"], item["t"], item["v"])
        async for device in service.api.items("/v1/devices")
        async for item in service.api.items(f"/v1/devices/{device['id']}/readings")
    ]
    assert sorted(found, key=lambda item: item[0]) == [
        (n + 2, n, {"n": n + 0.5, "word": f"w{n}"}) for n in range(90)
    ]


async def test_rows_that_ingest_rejects_are_reported_by_line(
    service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "file.csv"
    path.write_text("t,n\n1,1\n4000000000000,2\n3,3\n")
    summary = await replay(service, path)
    assert [(line, code) for line, code, _ in summary.rejected] == [(3, "future")]
    assert summary.complete


async def replay(service: Service, path: Path) -> Summary:
    source = CsvSource(path)
    registry = Registry(service.api, path.parent / "tokens")
    return await Replay(source, guess(source), registry, host=HOST, port=service.port).run()

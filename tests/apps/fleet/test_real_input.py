"""Real files over TCP into ingest, and what the apps then say over HTTP.

What is expected is computed here from the files' own text, without the code under test.
"""

import csv
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from apps.fleet.api import Api
from apps.fleet.csv_source import CsvSource
from apps.fleet.mapping import load_mapping
from apps.fleet.registry import Registry
from apps.fleet.replay import Replay, Summary
from apps.ingest.server import IngestServer
from apps.ingest.settings import IngestSettings
from apps.local.hosts import Hosts
from apps.local.parts import Parts
from apps.local.settings import LocalSettings
from apps.local.web import make_apps
from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.settings import Settings
from tests.support.builders import make_tenant
from tests.support.databases import on_mariadb
from tests.support.until import until

HOST = "127.0.0.1"
DOMAIN = "fortress.localhost"
EASTERN = "America/New_York"
YEARS = {"start": "2014-01-01T00:00:00Z", "end": "2023-01-01T00:00:00Z"}
POINTS_A_KWH = Decimal("1.5")
# The workers catch up within this time even on a busy machine.
SETTLE_S = 60

Row = dict[str, str]


@dataclass(frozen=True)
class Everything:
    """All apps and ingest in one process, seen by one organisation from outside."""

    port: int
    transport: httpx.ASGITransport
    key: str
    tokens: Path

    def app(self, name: str) -> Api:
        return Api(f"http://{name}.{DOMAIN}", self.key, transport=self.transport)

    async def replay(self, path: Path, mapping: str) -> Summary:
        async with self.app("api") as api:
            replay = Replay(
                CsvSource(path),
                load_mapping(mapping),
                Registry(api, self.tokens),
                host=HOST,
                port=self.port,
            )
            return await replay.run()

    async def text(self, app: str, path: str, **query: Any) -> str:
        """A response as it came over the wire."""
        headers = {"Authorization": f"Bearer {self.key}"}
        base = f"http://{app}.{DOMAIN}"
        async with httpx.AsyncClient(transport=self.transport, base_url=base) as http:
            answer = await http.get(path, headers=headers, params=query, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
async def everything(
    settings: Settings, database: Database, tmp_path: Path
) -> AsyncIterator[Everything]:
    async with AsyncExitStack() as stack:
        bus = MemoryBus()
        stack.push_async_callback(bus.close)
        local = LocalSettings(database_url=settings.database_url, var=tmp_path)
        parts = Parts(local, database, bus, SystemClock())
        apps = make_apps(parts)
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        stack.callback(parts.drain)
        ingest = parts.settings_of(IngestSettings, tcp_host=HOST, tcp_port=0)
        server = IngestServer(ingest, database, bus, parts.clock)
        await server.start()
        stack.push_async_callback(server.drain)
        tenant = await make_tenant(database)
        hosts = Hosts({f"{name}.{DOMAIN}": app for name, app in apps.items()})
        yield Everything(server.port, httpx.ASGITransport(app=hosts), tenant.key, tmp_path)


async def test_every_office_reading_comes_back_with_its_value_exactly(
    everything: Everything, shared_data: Path
) -> None:
    path = shared_data / "office_sensors.csv"
    expected = office_readings(path)
    first = await everything.replay(path, "office")
    assert (first.rows, first.acked, first.bad, first.rejected) == (6000, 6000, [], [])
    stored = await readings(everything, "office-room")
    assert stored == expected

    exported = await everything.text("reporting", "/v1/exports/readings.csv")
    second = await everything.replay(path, "office")
    assert (second.sent, second.already) == (0, 6000)
    assert await readings(everything, "office-room") == expected
    assert await everything.text("reporting", "/v1/exports/readings.csv") == exported
    assert exported_values(exported) == [values for _, values in expected]
    assert await messages(everything) == 6000


@on_mariadb
async def test_charging_energy_money_and_points_equal_the_files_to_the_last_digit(
    everything: Everything, shared_data: Path
) -> None:
    path = shared_data / "ev_charging_sessions.csv"
    sessions = charging_sessions(path)
    await make_meters(everything)
    members = await make_members(everything, sorted({row["userId"] for row in sessions}))
    first = await everything.replay(path, "charging")
    assert (first.rows, first.acked, first.bad, first.rejected) == (2400, 2400, [], [])

    expected = Figures.of_file(sessions)
    assert await settled(everything, members, expected) == expected

    before = await events(everything)
    second = await everything.replay(path, "charging")
    assert (second.sent, second.already) == (0, 2400)
    assert await events(everything) == before
    assert await figures(everything, members) == expected
    assert await messages(everything) == 2400


Split = dict[tuple[str, str], Decimal]


@dataclass(frozen=True)
class Figures:
    """Energy (kWh) and money (cents): by station, by month and station, by month, in all;
    and points by member tag."""

    energy: tuple[Split, Split, Split, Decimal]
    money: tuple[Split, Split, Split, Decimal]
    points: dict[str, int]

    @classmethod
    def of_file(cls, rows: list[Row]) -> "Figures":
        points: dict[str, int] = defaultdict(int)
        for row in rows:
            earned = Decimal(row["kwhTotal"]) * POINTS_A_KWH
            points[row["userId"]] += int(earned.to_integral_value(ROUND_DOWN))
        return cls(
            splits(rows, lambda row: Decimal(row["kwhTotal"])),
            splits(rows, lambda row: Decimal(row["dollars"]) * 100),
            dict(points),
        )


def charging_sessions(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def splits(
    rows: list[Row], amount: Callable[[Row], Decimal]
) -> tuple[Split, Split, Split, Decimal]:
    """Direct sums over the file. Its dates are US Eastern already, so a month is in its text."""
    by_station: Split = defaultdict(Decimal)
    by_both: Split = defaultdict(Decimal)
    by_month: Split = defaultdict(Decimal)
    for row in rows:
        _day, month, year = row["Date"].split("-")
        period, station = f"20{year[2:]}-{month}", f"station-{row['stationId']}"
        by_station["", station] += amount(row)
        by_both[period, station] += amount(row)
        by_month[period, ""] += amount(row)
    total = sum((amount(row) for row in rows), Decimal())
    return some(by_station), some(by_both), some(by_month), total


async def make_meters(everything: Everything) -> None:
    async with everything.app("billing") as billing:
        for code, field in (("energy", "kwh"), ("money", "minor")):
            body = {"code": code, "kind": "event_sum", "event": "session.completed", "field": field}
            await billing.post("/v1/meters", body)


async def make_members(everything: Everything, tags: list[str]) -> dict[str, str]:
    """A member for each tag: tag → id; and the rule by which they earn."""
    async with everything.app("loyalty") as loyalty:
        programme = (await loyalty.post("/v1/programmes", {"name": "Charge"}))["id"]
        rule = {"programme": programme, "event": "session.completed", "field": "kwh"}
        await loyalty.post("/v1/rules", {**rule, "points_per_unit": str(POINTS_A_KWH)})
        body = {"programme": programme, "members": [{"tags": [tag]} for tag in tags]}
        made = await loyalty.post("/v1/members/batch", body)
    return {member["tags"][0]: member["id"] for member in made["items"]}


async def settled(everything: Everything, members: dict[str, str], expected: Figures) -> Figures:
    """The figures once the workers have done their jobs, or as they are when time is up."""

    async def metering_is_done() -> bool:
        return (await usage(everything, "energy"))[1] == expected.energy[3]

    async def awarding_is_done() -> bool:
        return await balances(everything, members) == expected.points

    # When time is up, the comparison says what is wrong.
    with suppress(TimeoutError):
        await until(metering_is_done, "metering", SETTLE_S / 2)
        await until(awarding_is_done, "awarding", SETTLE_S / 2)
    return await figures(everything, members)


async def figures(everything: Everything, members: dict[str, str]) -> Figures:
    return Figures(
        await metered(everything, "energy"),
        await metered(everything, "money"),
        await balances(everything, members),
    )


async def metered(everything: Everything, meter: str) -> tuple[Split, Split, Split, Decimal]:
    by_station, total = await usage(everything, meter, by="device")
    by_both, _ = await usage(everything, meter, by="device", group="month")
    by_month, _ = await usage(everything, meter, group="month")
    return some(by_station), some(by_both), some(by_month), total


def some(split: Split) -> Split:
    """What is not 0: billing lists months without usage, and leaves out stations without."""
    return {key: value for key, value in split.items() if value}


async def usage(everything: Everything, meter: str, **split: str) -> tuple[Split, Decimal]:
    async with everything.app("billing") as billing:
        query = {"meter": meter, "zone": EASTERN, **YEARS, **split}
        total = Decimal((await billing.get("/v1/usage", **query))["total"])
        found = {
            (item["period"] or "", item["uid"] or ""): Decimal(item["value"])
            async for item in billing.items("/v1/usage", **query)
        }
    return found, total


async def balances(everything: Everything, members: dict[str, str]) -> dict[str, int]:
    async with everything.app("loyalty") as loyalty:
        return {
            tag: (await loyalty.get(f"/v1/members/{member}/balance"))["points"]
            for tag, member in members.items()
        }


async def messages(everything: Everything) -> int:
    """What the meter of stored messages counted."""
    async with everything.app("billing") as billing:
        span = {"start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}
        return int((await billing.get("/v1/usage", meter="messages", **span))["total"])


async def events(everything: Everything) -> list[dict[str, Any]]:
    async with everything.app("api") as api:
        return [item async for item in api.items("/v1/events", name="session.completed")]


def office_readings(path: Path) -> list[tuple[int, dict[str, Decimal]]]:
    """(epoch ms, metric → value) of each row, in the file's order, which is that of time."""
    names = ("temperature", "humidity", "light", "co2", "humidity_ratio", "occupancy")
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [
        (brussels_ms(date), dict(zip(names, map(Decimal, values), strict=True)))
        for _number, date, *values in rows
    ]


def brussels_ms(text: str) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Brussels"))
    return int(local.timestamp()) * 1000


async def readings(everything: Everything, uid: str) -> list[tuple[int, dict[str, Decimal]]]:
    """Every reading of a device, its numbers as they stand in the response."""
    async with everything.app("api") as api:
        device = (await api.get("/v1/devices", uid=uid))["items"][0]["id"]
    found: list[tuple[int, dict[str, Decimal]]] = []
    query: dict[str, Any] = {"limit": 1000}
    while True:
        text = await everything.text("api", f"/v1/devices/{device}/readings", **query)
        page = json.loads(text, parse_float=Decimal)
        found += [
            (item["t"], {name: Decimal(value) for name, value in item["v"].items()})
            for item in page["items"]
        ]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def exported_values(text: str) -> list[dict[str, Decimal]]:
    meta = ("device", "time", "t", "boot", "s")
    return [
        {name: Decimal(value) for name, value in row.items() if name not in meta}
        for row in csv.DictReader(text.splitlines())
    ]

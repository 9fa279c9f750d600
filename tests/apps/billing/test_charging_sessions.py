"""The real charging sessions, as the events of their stations, against a direct sum."""

import asyncio
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.money import plain
from tests.apps.billing.conftest import Billing, handlers
from tests.support import sessions
from tests.support.builders import make_device
from tests.support.events import commit_events, waiting

YEARS: dict[str, Any] = {"start": "2014-01-01T05:00:00Z", "end": "2022-01-01T05:00:00Z"}

Sums = dict[tuple[str | None, str | None], Decimal]


@pytest.fixture
def rows(shared_data: Path) -> list[sessions.Row]:
    return sessions.read(shared_data)


async def commit(billing: Billing, rows: list[sessions.Row]) -> None:
    database = billing.services.database
    stations = {
        station: await make_device(database, billing.tenant, station)
        for station in sorted({row["stationId"] for row in rows})
    }
    events = [sessions.sent(seq, row, stations[row["stationId"]]) for seq, row in enumerate(rows)]
    for start in range(0, len(events), 500):
        await commit_events(database, billing.tenant, events[start : start + 500], jobs=2)


def expected(rows: list[sessions.Row], column: str, *, month: bool, station: bool) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for row in rows:
        label = f"{sessions.begin(row):%Y-%m}" if month else None
        sums[label, row["stationId"] if station else None] += Decimal(row[column])
    return sums


async def found(billing: Billing, meter: str, **query: str) -> Sums:
    items = await billing.values(meter=meter, zone="America/New_York", limit=1000, **YEARS, **query)
    return {(period, uid): Decimal(value) for period, uid, value in items}


async def work_side_by_side(billing: Billing) -> None:
    """The meters' backfill and the events' own jobs, at the same time."""
    database, todo = billing.services.database, handlers(billing.services, chunk=400)
    jobs = await waiting(database, billing.tenant, todo)

    async def one(number: int) -> None:
        for job in jobs[number::2]:
            async with database.unit_of_work() as session:
                await todo[job.queue](session, job.payload)

    await asyncio.gather(one(0), one(1))
    await billing.work(chunk=400)


async def test_energy_and_money_equal_a_direct_sum_to_the_last_digit(
    billing: Billing, rows: list[sessions.Row]
) -> None:
    await commit(billing, rows)
    await billing.meter("energy", field="kwh")
    await billing.meter("money", field="usd", unit="USD")
    await work_side_by_side(billing)
    for meter, column in (("energy", "kwhTotal"), ("money", "dollars")):
        page = await billing.get("/v1/usage", meter=meter, **YEARS)
        assert page["total"] == plain(sum((Decimal(row[column]) for row in rows), Decimal(0)))
        by_station = expected(rows, column, month=False, station=True)
        assert await found(billing, meter, group="device") == by_station
        by_both = expected(rows, column, month=True, station=True)
        assert await found(billing, meter, group="month", by="device") == by_both
        by_month = expected(rows, column, month=True, station=False)
        months = await found(billing, meter, group="month")
        assert {key: value for key, value in months.items() if key in by_month} == by_month
        assert sum(months.values()) == sum(by_month.values())

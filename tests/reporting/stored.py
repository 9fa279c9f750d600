"""Rows as ingest stores them, and exports of them."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import text, update

from apps.reporting.main import create_app
from apps.reporting.settings import ReportingSettings
from shared.db import Database, scoped
from shared.models import DeviceState
from shared.web.services import Services
from tests.support.builders import MadeDevice, Tenant, make_tenant
from tests.support.http import client

T0 = 1_763_740_800_000

READING = text(
    "INSERT INTO reading (device_id, ts, boot, seq, received_ts, body)"
    " VALUES (:device_id, :ts, :boot, :seq, :ts, :body)"
)
EVENT = text(
    "INSERT INTO device_event (device_id, ts, boot, seq, org_id, received_ts, name, data)"
    " VALUES (:device_id, :ts, :boot, :seq, :org_id, :ts, :name, :body)"
)


async def store_readings(
    database: Database, device: MadeDevice, rows: Sequence[tuple[int, int, int, str]]
) -> None:
    """Store (time, boot, number, JSON text) as they are."""
    names = ("ts", "boot", "seq", "body")
    values = [{"device_id": device.id} | dict(zip(names, row, strict=True)) for row in rows]
    async with database.transaction() as connection:
        await connection.execute(READING, values)


async def store_event(
    database: Database, tenant: Tenant, device: MadeDevice, *, seq: int, name: str, data: str
) -> None:
    row = {"device_id": device.id, "org_id": tenant.id, "ts": T0 + seq, "boot": 1, "seq": seq}
    async with database.transaction() as connection:
        await connection.execute(EVENT, row | {"name": name, "body": data})


async def store_latest(
    database: Database, tenant: Tenant, device: MadeDevice, latest: dict[str, Any]
) -> None:
    query = update(DeviceState).where(DeviceState.device_id == device.id)
    async with database.unit_of_work() as session:
        await session.execute(scoped(tenant.id, query).values(latest=latest))


@asynccontextmanager
async def signed_in(
    services: Services, *, scopes: list[str] | None = None, **settings: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Tenant]]:
    """A client with the key of a new organisation; `settings` are reporting's own."""
    tenant = await make_tenant(services.database, scopes=scopes)
    chosen = services.settings_as(ReportingSettings).model_copy(update=settings)
    async with client(create_app(chosen, services), "reporting") as http:
        http.headers.update(tenant.headers)
        yield http, tenant


async def export(
    http: httpx.AsyncClient, what: str = "readings", **query: Any
) -> list[dict[str, str]]:
    """The rows of an export, by column."""
    answer = await http.get(f"/v1/exports/{what}.csv", params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def body(**values: Any) -> str:
    return json.dumps(values)

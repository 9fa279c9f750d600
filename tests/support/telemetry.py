"""Telemetry put into the tables directly, as ingest would have committed it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, text

from shared.db import Database
from shared.models import DeadLetter, DeviceEvent
from tests.support.builders import MadeDevice, Tenant


async def store_readings(
    database: Database, device: MadeDevice, rows: Iterable[tuple[int, int, int, str]]
) -> None:
    """Readings (ts, boot, seq, body as JSON text)."""
    statement = text(
        "INSERT INTO reading (device_id, ts, boot, seq, received_ts, body)"
        " VALUES (:device, :ts, :boot, :seq, :ts, :body)"
    )
    values = [
        {"device": device.id, "ts": ts, "boot": boot, "seq": seq, "body": body}
        for ts, boot, seq, body in rows
    ]
    async with database.transaction() as connection:
        await connection.execute(statement, values)


async def store_event(
    database: Database,
    tenant: Tenant,
    device: MadeDevice,
    *,
    ts: int,
    name: str = "door.opened",
    data: dict[str, Any] | None = None,
    seq: int = 1,
) -> None:
    async with database.unit_of_work() as session:
        await session.execute(
            insert(DeviceEvent).values(
                device_id=device.id,
                ts=ts,
                boot=1,
                seq=seq,
                org_id=tenant.id,
                received_ts=ts,
                name=name,
                data=data or {},
            )
        )


async def store_dead_letter(
    database: Database,
    tenant: Tenant,
    device: MadeDevice,
    *,
    raw: bytes = b'{"s":1,"v":{"temp":900}}',
    code: str = "out_of_range",
    received_ts: int = 1_763_740_800_000,
    seq: int = 1,
) -> str:
    """Its public id."""
    letter = DeadLetter(
        org_id=tenant.id,
        device_id=device.id,
        received_ts=received_ts,
        boot=1,
        seq=seq,
        code=code,
        detail="temp 900 > 125",
        raw=raw,
    )
    async with database.unit_of_work() as session:
        session.add(letter)
    return letter.public_id

"""Telemetry put into the tables directly, as ingest would have committed it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text, update

from shared.db import Database, scoped
from shared.models import DeadLetter, DeviceState
from tests.support.builders import MadeDevice, Tenant
from tests.support.events import Sent, commit_events


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
    data: dict[str, Any] | str | None = None,
    seq: int = 1,
) -> None:
    """An event, without a job for it. `data` may be JSON text, to say exactly what was sent."""
    sent = Sent(device, ts, {} if data is None else data, name, seq)
    await commit_events(database, tenant, [sent], jobs=0)


async def store_state(
    database: Database, tenant: Tenant, device: MadeDevice, **values: Any
) -> None:
    """Set columns of the device's state, such as `latest`."""
    query = update(DeviceState).where(DeviceState.device_id == device.id)
    async with database.unit_of_work() as session:
        await session.execute(scoped(tenant.id, query).values(**values))


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

"""Many devices in the database, in statements of bounded length."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared import devices
from shared.db import scoped
from shared.db.chunks import chunks, length
from shared.models import Device, DeviceCredential, DeviceState, DeviceTag


async def taken_uids(session: AsyncSession, org_id: int, uids: Iterable[str]) -> dict[str, str]:
    """Those of `uids` that devices have: uid → public id."""
    found: dict[str, str] = {}
    for chunk in chunks(uids, length):
        statement = select(Device.uid, Device.public_id).where(
            Device.uid.in_(chunk), Device.gone == 0
        )
        found.update((await session.execute(scoped(org_id, statement))).all())
    return found


async def taken_imeis(session: AsyncSession, imeis: Iterable[str]) -> set[str]:
    """Those of `imeis` that trackers of any organisation have."""
    found: set[str] = set()
    for chunk in chunks(imeis, length):
        found |= await devices.taken_imeis(session, chunk)
    return found


async def add_devices(
    session: AsyncSession, org_id: int, rows: Sequence[dict[str, Any]]
) -> dict[str, int]:
    """Insert devices (columns as in the table); returns public id → number."""
    for chunk in chunks(
        rows,
        lambda row: length(row["uid"]) + length(row["name"]) + length(str(row["networks"])) + 220,
    ):
        await session.execute(insert(Device), chunk)
    numbers: dict[str, int] = {}
    for named in chunks((str(row["public_id"]) for row in rows), length):
        statement = select(Device.public_id, Device.id).where(Device.public_id.in_(named))
        numbers.update((await session.execute(scoped(org_id, statement))).all())
    return numbers


async def add_rest(
    session: AsyncSession,
    states: Sequence[dict[str, Any]],
    credentials: Sequence[dict[str, Any]],
    tags: Sequence[dict[str, Any]],
) -> None:
    """Insert what belongs to new devices (columns as in the tables)."""
    for chunk in chunks(states, lambda _row: 0):
        await session.execute(insert(DeviceState), chunk)
    for chunk in chunks(credentials, lambda _row: 100):
        await session.execute(insert(DeviceCredential), chunk)
    for chunk in chunks(tags, lambda row: length(row["tag"])):
        await session.execute(insert(DeviceTag), chunk)

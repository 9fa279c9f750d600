"""Writing usage."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.billing.metering.rules import Amount
from shared.db import scoped
from shared.db.dialect import insert_ignore
from shared.models import Meter, UsageEvent

# A row is at most about 130 bytes, and the driver makes one statement of these: below RDS Proxy's
# 16 KB.
ROWS: Final = 100


async def meter(session: AsyncSession, org_id: int, public_id: str) -> Meter | None:
    """A meter that is not deleted."""
    wanted = select(Meter).where(Meter.public_id == public_id, Meter.gone == 0)
    return (await session.scalars(scoped(org_id, wanted))).one_or_none()


async def counting(session: AsyncSession, org_id: int) -> Sequence[Meter]:
    """The meters of an organisation that count events."""
    wanted = select(Meter).where(Meter.gone == 0, Meter.event.is_not(None))
    return (await session.scalars(scoped(org_id, wanted))).all()


async def add(session: AsyncSession, org_id: int, amounts: Sequence[Amount]) -> None:
    """Write usage; what is there already stays as it is.

    In the order of the primary key, so that two workers with the same events cannot deadlock.
    """
    table = UsageEvent.__table__
    assert isinstance(table, Table)
    rows = [
        {
            "org_id": org_id,
            "meter_id": amount.meter_id,
            "ts": amount.key[1],
            "device_id": amount.key[0],
            "boot": amount.key[2],
            "seq": amount.key[3],
            "quantity": amount.quantity,
        }
        for amount in sorted(amounts, key=_place)
    ]
    for start in range(0, len(rows), ROWS):
        await session.execute(insert_ignore(session, table), rows[start : start + ROWS])


def _place(amount: Amount) -> tuple[int, int, int, int, int]:
    device_id, ts, boot, seq = amount.key
    return amount.meter_id, ts, device_id, boot, seq

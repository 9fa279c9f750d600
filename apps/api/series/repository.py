"""What a series is made of, from the database."""

from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.readings import repository as readings
from apps.api.series.rules import Value
from shared.db import scoped
from shared.models import Device, DeviceProfile

# A few milliseconds of work between two times that others get their turn.
CHUNK = 2_000


async def subject(
    session: AsyncSession, org_id: int, public_id: str
) -> tuple[int, dict[str, Any]] | None:
    """A device's number and what its profile says of its metrics."""
    row = (
        await session.execute(
            scoped(
                org_id,
                select(Device.id, DeviceProfile.metrics)
                .join(DeviceProfile, DeviceProfile.id == Device.profile_id, isouter=True)
                .where(Device.public_id == public_id, Device.gone == 0),
            )
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1] or {})


async def chunks(
    session: AsyncSession, device_id: int, metric: str, span: tuple[int, int]
) -> AsyncIterator[tuple[int, Iterator[tuple[int, Value]]]]:
    """The readings of a span in order, some at a time: how many, and (time, value) of those
    that have the metric.
    """
    decode = _decoder(metric).decode
    after = None
    while True:
        rows = await readings.page(
            session, device_id, span, after=after, descending=False, limit=CHUNK
        )
        found = ((row[0], decode(row[3]).value) for row in rows)
        yield len(rows), ((at, value) for at, value in found if value is not None)
        if len(rows) < CHUNK:
            return
        after = rows[-1][:3]


@lru_cache(maxsize=256)
def _decoder(metric: str) -> msgspec.json.Decoder[Any]:
    """Reads one metric of a body and passes over the others without making objects of them."""
    fields = [("value", bool | int | float | str | None, None)]
    kind = msgspec.defstruct("Body", fields, rename={"value": metric}, gc=False)
    return msgspec.json.Decoder(kind)

"""What a series is made of, from the database."""

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

import msgspec
from sqlalchemy import Row, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.series.rules import Value
from shared.auth.limits import narrow
from shared.auth.principal import Sight
from shared.db import scoped
from shared.models import Device, DeviceProfile, Reading

# A few milliseconds of work between two times that others get their turn.
CHUNK = 2_000


async def subject(
    session: AsyncSession, sight: Sight, public_id: str
) -> tuple[int, dict[str, Any]] | None:
    """A device's number and what its profile says of its metrics."""
    wanted = (
        select(Device.id, DeviceProfile.metrics)
        .join(DeviceProfile, DeviceProfile.id == Device.profile_id, isouter=True)
        .where(Device.public_id == public_id, Device.gone == 0)
    )
    statement = narrow(sight, scoped(sight.org_id, wanted), Device.id)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1] or {})


async def chunks(
    session: AsyncSession, device_id: int, metric: str, span: tuple[int, int]
) -> AsyncIterator[tuple[int, Iterator[tuple[int, Value]]]]:
    """The readings of a span in order, some at a time: how many, and (time, value) of those
    that have the metric.
    """
    decode = _decoder(metric).decode
    start, end = span
    taken = 0  # of those at `start`
    while True:
        rows = await _some(session, device_id, (start, end), taken)
        found = ((at, decode(body).value) for at, body in rows)
        yield len(rows), ((at, value) for at, value in found if value is not None)
        if len(rows) < CHUNK:
            return
        start, taken = _position(rows, start, taken)


def _position(rows: Sequence[Row[int, str]], start: int, taken: int) -> tuple[int, int]:
    """The time of the last row, and how many rows of that time were taken so far."""
    last = rows[-1][0]
    repeated = sum(1 for _ in takewhile(lambda row: row[0] == last, reversed(rows)))
    return last, repeated + taken if last == start else repeated


async def _some(
    session: AsyncSession, device_id: int, span: tuple[int, int], taken: int
) -> Sequence[Row[int, str]]:
    """The next readings of a span behind the first `taken`: (ts, body as JSON text).

    Two columns, where a page by key would read four: most of the time goes into the driver.
    """
    statement = (
        select(Reading.ts, type_coerce(Reading.body, Text))
        .where(Reading.device_id == device_id, Reading.ts >= span[0], Reading.ts < span[1])
        .order_by(Reading.ts, Reading.boot, Reading.seq)
        .limit(CHUNK)
        .offset(taken)
    )
    return (await session.execute(statement)).all()


@lru_cache(maxsize=256)
def _decoder(metric: str) -> msgspec.json.Decoder[Any]:
    """Reads one metric of a body and passes over the others without making objects of them."""
    fields = [("value", bool | int | float | str | None, None)]
    kind = msgspec.defstruct("Body", fields, rename={"value": metric}, gc=False)
    return msgspec.json.Decoder(kind)

"""Readings in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.streams import behind, ordering
from shared.auth.limits import narrow
from shared.auth.principal import Sight
from shared.db import scoped
from shared.models import Device, DeviceProfile, DeviceState, Reading

_KEY = (Reading.ts, Reading.boot, Reading.seq)


async def page(
    session: AsyncSession,
    device_id: int,
    span: tuple[int, int],
    *,
    after: Sequence[int] | None,
    descending: bool,
    limit: int,
) -> Sequence[Row[int, int, int, str]]:
    """Up to `limit` readings of a device whose number was found within its organisation:
    (ts, boot, seq, body as the JSON text that is stored).
    """
    statement = (
        select(*_KEY, type_coerce(Reading.body, Text))
        .where(Reading.device_id == device_id, Reading.ts >= span[0], Reading.ts < span[1])
        .order_by(*ordering(_KEY, descending=descending))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(behind(_KEY, after, descending=descending))
    return (await session.execute(statement)).all()


@dataclass(frozen=True, slots=True)
class Latest:
    """Where a device stands. `values`: metric → [value, device time in ms]."""

    online: bool
    last_seen: int
    values: dict[str, Any]
    metrics: dict[str, Any]


async def latest(session: AsyncSession, sight: Sight, public_id: str) -> Latest | None:
    """The latest values of a device and what its profile says of its metrics."""
    wanted = (
        select(Device.id, DeviceState, DeviceProfile.metrics)
        .join(DeviceState, DeviceState.device_id == Device.id, isouter=True)
        .join(DeviceProfile, DeviceProfile.id == Device.profile_id, isouter=True)
        .where(Device.public_id == public_id, Device.gone == 0)
    )
    statement = narrow(sight, scoped(sight.org_id, wanted), Device.id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    _, state, metrics = row
    if state is None:
        return Latest(online=False, last_seen=0, values={}, metrics=metrics or {})
    return Latest(state.online, state.last_seen, state.latest, metrics or {})

"""Events in the database."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, Select, Text, and_, or_, select, tuple_, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import scoped
from shared.events.event import Event, Key
from shared.models import DeviceEvent

# An identity is at most 45 characters: a statement stays below RDS Proxy's 16 KB.
KEYS: Final = 200


async def load(session: AsyncSession, org_id: int, keys: Sequence[Key]) -> list[Event]:
    """Those events of an organisation that have these identities, sorted by them."""
    identity = tuple_(DeviceEvent.device_id, DeviceEvent.ts, DeviceEvent.boot, DeviceEvent.seq)
    wanted = sorted(set(keys))
    found: list[Event] = []
    for start in range(0, len(wanted), KEYS):
        some = wanted[start : start + KEYS]
        rows = await session.execute(scoped(org_id, _events().where(identity.in_(some))))
        found.extend(_event(row) for row in rows)
    return sorted(found, key=lambda event: event.key)


async def scan(
    session: AsyncSession, org_id: int, name: str, after: Key | None, limit: int
) -> list[Event]:
    """Up to `limit` events of one name by (ts, device, boot, seq), those behind `after`."""
    statement = (
        _events()
        .where(DeviceEvent.name == name)
        .order_by(DeviceEvent.ts, DeviceEvent.device_id, DeviceEvent.boot, DeviceEvent.seq)
        .limit(limit)
    )
    if after is not None:
        device_id, ts, boot, seq = after
        # Not a row comparison: MariaDB reads the whole index for one.
        behind = or_(
            DeviceEvent.device_id > device_id,
            and_(DeviceEvent.device_id == device_id, DeviceEvent.boot > boot),
            and_(
                DeviceEvent.device_id == device_id,
                DeviceEvent.boot == boot,
                DeviceEvent.seq > seq,
            ),
        )
        statement = statement.where(DeviceEvent.ts >= ts, or_(DeviceEvent.ts > ts, behind))
    rows = await session.execute(scoped(org_id, statement))
    return [_event(row) for row in rows]


def _events() -> Select[int, int, int, int, str, str]:
    return select(  # unscoped: both callers scope it
        DeviceEvent.device_id,
        DeviceEvent.ts,
        DeviceEvent.boot,
        DeviceEvent.seq,
        DeviceEvent.name,
        # As text: the driver's own reading of JSON makes floats of numbers.
        type_coerce(DeviceEvent.data, Text),
    )


def _event(row: Row[int, int, int, int, str, str]) -> Event:
    device_id, ts, boot, seq, name, data = row
    return Event((device_id, ts, boot, seq), name, _parse(data))


def _parse(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):  # an integer of thousands of digits, deep nesting
        return {}
    return data if isinstance(data, dict) else {}

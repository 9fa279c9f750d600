"""Device events as those read them who count something in them: with their numbers exact."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, Select, Text, and_, or_, select, tuple_, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import scoped
from shared.errors import Invalid
from shared.models import DeviceEvent
from shared.money import quantity

Key = tuple[int, int, int, int]
"""An event's identity: device (its row), device time in ms, boot, sequence number."""

# An identity is at most 45 characters: a statement stays below RDS Proxy's 16 KB.
KEYS: Final = 200
_DECIMAL: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Event:
    """`data` is a JSON object whose numbers are int and Decimal, as they were sent."""

    key: Key
    name: str
    data: dict[str, Any]

    @property
    def ts(self) -> int:
        return self.key[1]


class NoNumber(Invalid):
    """`reason`: `missing` or `not_a_number`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the field is {reason}")
        self.reason = reason


def number(data: dict[str, Any], field: str) -> Decimal:
    """The quantity in `field`: a JSON number or decimal text. Raises `NoNumber`."""
    if field not in data:
        raise NoNumber("missing")
    value = data[field]
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise NoNumber("not_a_number")
    try:
        return quantity(value)
    except Invalid:
        raise NoNumber("not_a_number") from None


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

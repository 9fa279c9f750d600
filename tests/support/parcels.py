"""Builders of what goes through the write path."""

import json
from typing import Any

from shared.ids import new_id
from shared.readings.check import ANYTHING
from shared.readings.parcel import DeadRow, Parcel, Source
from shared.readings.parse import Event, Reading, Rejection
from tests.support.builders import MadeDevice, Tenant

NOW = 1_763_740_800_000


def make_source(tenant: Tenant, device: MadeDevice) -> Source:
    return Source(
        device.id, device.public_id, device.uid, tenant.id, tenant.public_id, ANYTHING, None
    )


def reading(seq: int, *, ts: int | None = None, **values: Any) -> Reading:
    values = values or {"temp": seq / 2}
    return Reading(seq, NOW + seq if ts is None else ts, json.dumps(values).encode(), values)


def event(seq: int, name: str = "session.completed", **data: Any) -> Event:
    return Event(seq, NOW + seq, name, json.dumps(data).encode())


def parcel(
    source: Source, *items: Reading | Event | Rejection, boot: int = 0, watermark: bool = True
) -> Parcel:
    made = Parcel(source, boot, NOW, watermark=watermark)
    made.readings = [item for item in items if isinstance(item, Reading)]
    made.events = [item for item in items if isinstance(item, Event)]
    made.dead = [DeadRow(new_id("dl"), item) for item in items if isinstance(item, Rejection)]
    made.top = max((item.seq for item in items), default=0)
    return made

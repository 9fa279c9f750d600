"""A batch that the database refuses, in halves. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from shared.ids import new_id
from shared.readings.parcel import DeadRow, Parcel
from shared.readings.parse import Event, Reading, Rejection

DETAIL = 300


def split(parcels: Sequence[Parcel], reason: str) -> list[list[Parcel]]:
    """`parcels` as two halves, in order; a single message as a dead letter with `reason`.

    Messages keep their order, so that a watermark never passes one that is not committed.
    """
    if len(parcels) > 1:
        half = len(parcels) // 2
        return [list(parcels[:half]), list(parcels[half:])]
    parcel = parcels[0]
    if parcel.count > 1:
        return [[part] for part in _halves(parcel)]
    return [[_as_dead_letter(parcel, reason)]]


def _halves(parcel: Parcel) -> list[Parcel]:
    """Two parts whose watermarks never pass a message that is not yet committed."""
    if parcel.dead and (parcel.readings or parcel.events):
        dead = replace(parcel, readings=[], events=[], top=0, size=0)
        return [dead, replace(parcel, dead=[])]
    if parcel.dead:
        half = len(parcel.dead) // 2
        return [
            replace(parcel, dead=parcel.dead[:half], top=0, size=0),
            replace(parcel, dead=parcel.dead[half:]),
        ]
    items: list[Reading | Event] = [*parcel.readings, *parcel.events]
    items.sort(key=lambda item: item.seq)
    half = len(items) // 2
    return [
        replace(_part(parcel, items[:half]), top=items[half - 1].seq, size=0),
        _part(parcel, items[half:]),
    ]


def _part(parcel: Parcel, items: list[Reading | Event]) -> Parcel:
    return replace(
        parcel,
        readings=[item for item in items if isinstance(item, Reading)],
        events=[item for item in items if isinstance(item, Event)],
    )


def _as_dead_letter(parcel: Parcel, reason: str) -> Parcel:
    if parcel.dead:
        # Refused as a dead letter too: its text is at fault, keep the bytes.
        old = parcel.dead[0].rejection
        rejection = Rejection(old.seq, old.code, "", old.raw)
    else:
        rejection = _refused(parcel, reason)
        parcel.refused.append(rejection)
    return replace(parcel, readings=[], events=[], dead=[DeadRow(new_id("dl"), rejection)])


def _refused(parcel: Parcel, reason: str) -> Rejection:
    if parcel.readings:
        reading = parcel.readings[0]
        raw = b'{"s":%d,"t":%d,"v":%b}' % (reading.seq, reading.ts, reading.body)
        return Rejection(reading.seq, "refused", reason[:DETAIL], raw)
    event = parcel.events[0]
    raw = b'{"s":%d,"t":%d,"e":"%b","d":%b}' % (
        event.seq,
        event.ts,
        event.name.encode(),
        event.data,
    )
    return Rejection(event.seq, "refused", reason[:DETAIL], raw)

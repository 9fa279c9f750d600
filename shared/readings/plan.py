"""What a batch writes, decided from its parcels and what the database holds. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter, itemgetter, le
from typing import Any, Final, NamedTuple

import msgspec

from shared.readings.parcel import Parcel, Source
from shared.readings.parse import Event, Reading

HOUR_MS: Final = 3_600_000
QUARTER_MS: Final = 900_000
# A device's latest values: more names than this are not kept there (their readings are).
LATEST_METRICS: Final = 256
EVENTS_A_JOB: Final = 500
# From here on what is done for all at once costs less than what is done for each.
MANY: Final = 2
QUEUES: Final = ("billing.events", "loyalty.events")

# device_id, ts, boot, seq: what a reading or an event is known by.
Identity = tuple[int, int, int, int]
Latest = dict[str, list[Any]]

_time = attrgetter("ts")
_time_and_number = attrgetter("ts", "seq")
_decoded = attrgetter("decoded")
_device_and_start = itemgetter(0, 1)


@dataclass(slots=True)
class State:
    """A device's committed state: `latest` is metric → [value, device time].

    `task` is the one that the device said hello to last, empty if none.
    """

    boot: int = 0
    last_seq: int = 0
    last_seen: int = 0
    changed: int = 0
    latest: Latest = field(default_factory=dict)
    task: str = ""


@dataclass(slots=True)
class Taken:
    """What of one parcel is new, readings in the order of their time, and `task`, which its device
    was on when it was committed.
    """

    parcel: Parcel
    readings: list[Reading]
    events: list[Event]
    task: str = ""


class Run(NamedTuple):
    """New readings of one device and boot in the order of their time; `start` is the first's."""

    device: int
    start: int
    boot: int
    received: int
    readings: list[Reading]


@dataclass(slots=True)
class Plan:
    """The rows of a batch, each list in the order of its table's primary key (readings: as far as
    parcels of one device do not overlap in time).
    """

    taken: list[Taken]
    states: dict[int, tuple[Source, State]]
    readings: list[Run]
    events: list[tuple[int, int, int, int, int, int, bytes, bytes]]
    dead: list[tuple[bytes, int, int, int, int, int, bytes, bytes, bytes]]
    usage: list[tuple[int, int, int]]  # org_id, hour, count
    devices: list[tuple[int, int, int]]  # org_id, quarter, device_id
    jobs: dict[int, list[Identity]]  # org_id → its events


def identities(parcels: Iterable[Parcel]) -> list[Identity]:
    """What every reading and event of `parcels` would be known by."""
    return [
        (parcel.source.device_id, item.ts, parcel.boot, item.seq)
        for parcel in parcels
        for items in (parcel.readings, parcel.events)
        for item in items
    ]


def plan(
    parcels: Sequence[Parcel],
    states: Mapping[int, State],
    stored: Mapping[int, set[Identity]],
    now: int,
) -> Plan:
    """What to write for `parcels`.

    `states` is the locked state by device id. `stored`: of each device that was looked up, the
    identities that exist already; of others none is assumed to. `now`: epoch ms of the batch.
    """
    current = {
        parcel.source.device_id: (parcel.source, states.get(parcel.source.device_id) or State())
        for parcel in parcels
    }
    seen = {device: set(found) for device, found in stored.items()}
    taken = []
    for parcel in parcels:
        device = parcel.source.device_id
        state = current[device][1]
        taken.append(_take(parcel, state, seen.get(device)))
        _advance(state, taken[-1], now)
    return Plan(
        taken=taken,
        states=dict(sorted(current.items())),
        readings=_runs(taken),
        events=_event_rows(taken),
        dead=_dead_rows(taken),
        usage=_usage(taken),
        devices=_devices(taken),
        jobs=_jobs(taken),
    )


def _take(parcel: Parcel, state: State, seen: set[Identity] | None) -> Taken:
    readings, events = parcel.readings, parcel.events
    if parcel.watermark and parcel.boot == state.boot:
        last = state.last_seq
        if readings and readings[0].seq <= last:
            readings = [item for item in readings if item.seq > last]
        if events and events[0].seq <= last:
            events = [item for item in events if item.seq > last]
    if seen is not None:
        readings = [item for item in readings if _unseen(parcel, item, seen)]
        events = [item for item in events if _unseen(parcel, item, seen)]
    return Taken(parcel, _in_time(readings), events, state.task)


def _unseen(parcel: Parcel, item: Reading | Event, seen: set[Identity]) -> bool:
    identity = (parcel.source.device_id, item.ts, parcel.boot, item.seq)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _advance(state: State, taken: Taken, now: int) -> None:
    parcel = taken.parcel
    # Only hello changes a device's boot: a connection that another one replaced may still have
    # messages of the boot before under way.
    if parcel.watermark and parcel.boot == state.boot and parcel.top > state.last_seq:
        state.last_seq = parcel.top
    state.last_seen = max(state.last_seen, parcel.received)
    state.changed = max(now, state.changed + 1)
    if taken.readings:
        fast = parcel.source.profile.fast
        _refresh(state.latest, taken.readings, fast.metrics if fast is not None else 0)


def _refresh(latest: Latest, readings: list[Reading], declared: int) -> None:
    """Put the newest value of each metric into `latest`; an older time never overwrites.

    From the newest reading backwards: most often it has every metric, and those before it have
    nothing to add.
    """
    only_declared = not any(map(_decoded, readings))
    seen: dict[str, None] = {}
    for reading in reversed(readings):
        ts = reading.ts
        for name, value in reading.values.items():
            if name in seen:
                continue
            seen[name] = None
            known = latest.get(name)
            if known is None:
                if len(latest) < LATEST_METRICS:
                    latest[name] = [value, ts]
            elif known[1] <= ts:
                known[0] = value
                known[1] = ts
        if only_declared and len(seen) == declared:
            return


def _in_time(readings: list[Reading]) -> list[Reading]:
    if len(readings) < MANY:
        return readings
    times = list(map(_time, readings))
    if all(map(le, times, islice(times, 1, None))):
        return readings
    return sorted(readings, key=_time_and_number)


def _runs(taken: Iterable[Taken]) -> list[Run]:
    runs = [
        Run(
            item.parcel.source.device_id,
            item.readings[0].ts,
            item.parcel.boot,
            item.parcel.received,
            item.readings,
        )
        for item in taken
        if item.readings
    ]
    runs.sort(key=_device_and_start)
    return runs


def _event_rows(
    taken: Iterable[Taken],
) -> list[tuple[int, int, int, int, int, int, bytes, bytes]]:
    return sorted(
        (
            item.parcel.source.device_id,
            event.ts,
            item.parcel.boot,
            event.seq,
            item.parcel.source.org_id,
            item.parcel.received,
            event.name.encode(),
            event.data,
        )
        for item in taken
        for event in item.events
    )


def _dead_rows(
    taken: Iterable[Taken],
) -> list[tuple[bytes, int, int, int, int, int, bytes, bytes, bytes]]:
    return [
        (
            row.public_id.encode(),
            item.parcel.source.org_id,
            item.parcel.source.device_id,
            item.parcel.received,
            item.parcel.boot,
            row.rejection.seq,
            row.rejection.code.encode(),
            row.rejection.detail.encode(),
            row.rejection.raw,
        )
        for item in taken
        for row in item.parcel.dead
    ]


def _usage(taken: Iterable[Taken]) -> list[tuple[int, int, int]]:
    counts: Counter[tuple[int, int]] = Counter()
    for item in taken:
        new = len(item.readings) + len(item.events)
        if new:
            counts[item.parcel.source.org_id, item.parcel.received // HOUR_MS] += new
    return sorted((org, hour, count) for (org, hour), count in counts.items())


def _devices(taken: Iterable[Taken]) -> list[tuple[int, int, int]]:
    return sorted(
        {
            (source.org_id, item.parcel.received // QUARTER_MS, source.device_id)
            for item in taken
            for source in (item.parcel.source,)
            if item.readings or item.events
        }
    )


def _jobs(taken: Iterable[Taken]) -> dict[int, list[Identity]]:
    jobs: dict[int, list[Identity]] = {}
    for item in taken:
        source = item.parcel.source
        for event in item.events:
            identity = (source.device_id, event.ts, item.parcel.boot, event.seq)
            jobs.setdefault(source.org_id, []).append(identity)
    return jobs


def frames(taken: Iterable[Taken]) -> dict[str, bytes]:
    """Live frames of what was stored, one an organisation (by public id), as JSON."""
    readings: dict[str, list[bytes]] = {}
    events: dict[str, list[bytes]] = {}
    for item in taken:
        source, boot = item.parcel.source, item.parcel.boot
        device = source.device.encode()
        if item.readings:
            one = b'["%b",%%d,%d,%%d,%%b]' % (device, boot)
            readings.setdefault(source.org, []).append(each(one, item.readings))
        if item.events:
            events.setdefault(source.org, []).extend(
                b'["%b",%d,%d,%d,"%b",%b]' % (device, e.ts, boot, e.seq, e.name.encode(), e.data)
                for e in item.events
            )
    return {
        org: b'{"r":[%b],"e":[%b]}'
        % (b",".join(readings.get(org, ())), b",".join(events.get(org, ())))
        for org in readings.keys() | events.keys()
    }


def each(one: bytes, readings: Sequence[Reading]) -> bytes:
    """`one` for each reading, with commas between: it takes the time, the number and the body.

    One formatting of all of them costs half of one a reading.
    """
    if len(readings) < MANY:
        return b",".join([one % (r.ts, r.seq, r.body) for r in readings])
    fields = tuple([part for r in readings for part in (r.ts, r.seq, r.body)])
    return ((one + b",") * len(readings))[:-1] % fields


encode_latest = msgspec.json.Encoder().encode
decode_latest = msgspec.json.Decoder(dict[str, list[Any]]).decode

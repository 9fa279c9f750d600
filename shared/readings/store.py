"""A batch of parcels, written in one transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, cast

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Bus
from shared.clock import Clock
from shared.db import Database
from shared.db.bulk import STATEMENT_BYTES, insert_rows
from shared.db.dialect import dialect_name
from shared.ids import new_id
from shared.readings import rows
from shared.readings.known import Known
from shared.readings.parcel import Parcel
from shared.readings.plan import (
    EVENTS_A_JOB,
    QUEUES,
    Identity,
    Plan,
    State,
    Taken,
    decode_latest,
    encode_latest,
    frames,
    identities,
    plan,
)

# RDS Proxy pins a session to its connection for a statement over 16 KB.
REQUEST_BYTES: Final = 15_000
MOST_REMEMBERED: Final = 500_000
# So long what a device sends is looked up that sent again what was stored.
DOUBT_MS: Final = 600_000
LONGEST: Final = 2**63


class _MetExistingError(Exception):
    """A row that was taken for new exists already."""


class Store:
    """Writes parcels for one task.

    `request_path`: statements stay short enough for RDS Proxy, and every identity is looked up
    before it is written. Otherwise that happens where the watermark does not tell what is new, and
    for devices whose messages have no numbers but are known by their content: at first, and after
    one sent again what was stored. Their messages are taken for new then; where one is not, the
    insert shows it, and the batch is written anew with everything looked up.
    """

    def __init__(self, *, task: str, clock: Clock, request_path: bool = False) -> None:
        self._task = task
        self._clock = clock
        self._request_path = request_path
        self._statement = REQUEST_BYTES if request_path else STATEMENT_BYTES
        self._chunk = 200 if request_path else 5_000
        # Devices known to have been counted in a quarter of an hour.
        self._counted: set[tuple[int, int, int]] = set()
        self._known = Known()
        # Devices known by content of which the last parcel was new, and since when (epoch ms) the
        # next is taken for new as well.
        self._trusted: dict[int, int] = {}

    async def commit(
        self,
        database: Database,
        parcels: Sequence[Parcel],
        *,
        look_up: bool = False,
        writer: int = 0,
    ) -> list[Taken]:
        """Write `parcels` in a transaction of their own; returns what of them was new.

        `look_up`: some may have been stored before (an earlier commit had no answer). The
        database must have been made with `count_changed`. Writers that commit at the same time
        have numbers of their own, and devices.
        """
        known = self._known.take({parcel.source.device_id for parcel in parcels})
        try:
            async with database.transaction() as connection:
                made = await self.write(
                    connection, parcels, look_up=look_up, known=known, writer=writer
                )
        except _MetExistingError:
            async with database.transaction() as connection:
                made = await self.write(connection, parcels, look_up=True, writer=writer)
        self._committed(made)
        return made.taken

    def remember(self, states: Mapping[int, State]) -> None:
        """The states of these devices were committed otherwise: no batch has to read them."""
        self._known.take(states)
        self._known.keep(states.items())

    async def write(
        self,
        connection: AsyncConnection,
        parcels: Sequence[Parcel],
        *,
        look_up: bool,
        known: Mapping[int, State] = MappingProxyType({}),
        writer: int = 0,
    ) -> Plan:
        """Write `parcels` in the caller's transaction.

        Locks the state of their devices first, in the order of their numbers, so that two tasks
        neither deadlock nor count the same message twice. `known`: what the state of some of them
        was when it was last committed here.
        """
        now = self._clock.now_ms()
        devices = {parcel.source.device_id for parcel in parcels}
        states = dict(known) if await self._unchanged(connection, known) else {}
        states |= await self.lock(connection, devices - states.keys())
        look_up = look_up or self._request_path
        doubtful = [parcel for parcel in parcels if look_up or self._unsure(parcel, states, now)]
        stored = await self._stored(connection, doubtful)
        made = plan(parcels, states, stored, now)
        await self._insert(connection, made, certain=look_up, task=_usage_task(self._task, writer))
        return made

    def _unsure(self, parcel: Parcel, states: Mapping[int, State], now: int) -> bool:
        """Whether it has to be looked up what of `parcel` is new."""
        device = parcel.source.device_id
        if not parcel.watermark:
            return self._trusted.get(device, LONGEST) > now
        state = states.get(device)
        return state is None or state.boot != parcel.boot

    async def _unchanged(self, connection: AsyncConnection, known: Mapping[int, State]) -> bool:
        """Whether the states of `known` are what the database holds; locks them.

        Each change of a state makes its `changed_ts` greater, so as long as no row is gone their
        sum is the same only if each of them is. One row of two numbers says it for a whole batch,
        where reading thousands of rows would be the dearest part of it.
        """
        numbers = sorted(known)
        count, total = 0, 0
        for start in range(0, len(numbers), self._chunk):
            several = ",".join(map(str, numbers[start : start + self._chunk]))
            result = await connection.exec_driver_sql(
                "SELECT COUNT(*), COALESCE(SUM(changed_ts), 0)"  # noqa: S608 - integers of ours
                f" FROM device_state{_in_order(connection)} WHERE device_id IN ({several})"
                f"{_locking(connection)}"
            )
            for found, changed in _rows(result):
                count += found
                total += int(changed)
        return count == len(known) and total == sum(state.changed for state in known.values())

    async def lock(self, connection: AsyncConnection, devices: Iterable[int]) -> dict[int, State]:
        """The state of `devices` that have one, locked until the transaction ends."""
        numbers = sorted(devices)
        found: dict[int, State] = {}
        for start in range(0, len(numbers), self._chunk):
            several = ",".join(map(str, numbers[start : start + self._chunk]))
            result = await connection.exec_driver_sql(
                "SELECT device_id, boot, last_seq, last_seen, changed_ts, latest, ingest_task"  # noqa: S608 - integers of ours
                f" FROM device_state WHERE device_id IN ({several}) ORDER BY device_id"
                f"{_locking(connection)}"
            )
            for device, boot, last, seen, changed, latest, task in _rows(result):
                found[device] = State(boot, last, seen, changed, decode_latest(latest), task)
        return found

    async def _stored(
        self, connection: AsyncConnection, parcels: Sequence[Parcel]
    ) -> dict[int, set[Identity]]:
        """What of `parcels` exists already, by device."""
        stored: dict[int, set[Identity]] = {p.source.device_id: set() for p in parcels}
        wanted = sorted(set(identities(parcels)))
        for device, several in groupby(wanted, key=lambda identity: identity[0]):
            found = stored[device]
            times = sorted({identity[1] for identity in several})
            for start in range(0, len(times), 500):
                some = ",".join(map(str, times[start : start + 500]))
                for table in ("reading", "device_event"):
                    result = await connection.exec_driver_sql(
                        f"SELECT ts, boot, seq FROM {table}"  # noqa: S608 - integers of ours
                        f" WHERE device_id={device} AND ts IN ({some})"
                    )
                    found.update((device, ts, boot, seq) for ts, boot, seq in _rows(result))
        return stored

    async def _insert(
        self, connection: AsyncConnection, made: Plan, *, certain: bool, task: bytes
    ) -> None:
        new = sum(len(run.readings) for run in made.readings) + len(made.events)
        count = await rows.insert_readings(connection, made.readings, self._statement)
        count += await insert_rows(connection, rows.EVENTS, made.events, self._statement)
        if count != new and not certain:
            raise _MetExistingError
        await insert_rows(connection, rows.DEAD, made.dead, self._statement)
        await insert_rows(connection, rows.STATES, _state_rows(made), self._statement)
        usage = [(org, b"messages", hour, task, count) for org, hour, count in made.usage]
        await insert_rows(connection, rows.USAGE, usage, self._statement)
        devices = [item for item in made.devices if item not in self._counted]
        await insert_rows(connection, rows.USAGE_DEVICES, devices, self._statement)
        jobs = _job_rows(made, self._clock.now())
        await insert_rows(connection, rows.JOBS, jobs, self._statement)

    def _committed(self, made: Plan) -> None:
        if len(self._counted) > MOST_REMEMBERED:
            self._counted.clear()
        self._counted.update(made.devices)
        self._trust(made.taken)
        self.remember({device: state for device, (_, state) in made.states.items()})

    def _trust(self, taken: Sequence[Taken]) -> None:
        """A device that sent again what was stored is looked up for a while: each time it was
        taken for new, the whole batch would have to be written twice.
        """
        if len(self._trusted) > MOST_REMEMBERED:
            self._trusted.clear()
        now = self._clock.now_ms()
        for item in taken:
            if not item.parcel.watermark:
                again = len(item.readings) < len(item.parcel.readings)
                device = item.parcel.source.device_id
                since = self._trusted.get(device, 0)
                self._trusted[device] = now + DOUBT_MS if again else since


async def announce(bus: Bus, taken: Sequence[Taken]) -> None:
    """Tell whoever watches what was committed: live frames, and jobs to workers."""
    for org, frame in frames(taken).items():
        await bus.publish(f"live:{org}", frame)
    if any(item.events for item in taken):
        for queue in QUEUES:
            await bus.publish(f"job:{queue}", b"")


def _rows(result: CursorResult[Any]) -> Iterable[Sequence[Any]]:
    return cast("Sequence[Sequence[Any]]", result.all())


def _locking(connection: AsyncConnection) -> str:
    return "" if dialect_name(connection) == "sqlite" else " FOR UPDATE"


def _in_order(connection: AsyncConnection) -> str:
    # Along another index rows would be locked in the order of that one.
    return "" if dialect_name(connection) == "sqlite" else " FORCE INDEX (PRIMARY)"


def _usage_task(task: str, writer: int) -> bytes:
    """Whose count it is: writers that add to the same row would wait for each other."""
    return (task if writer == 0 else f"{task}/{writer}").encode()


def _state_rows(
    made: Plan,
) -> list[tuple[int, int, int, int, int, int, int, bytes, bytes, bytes]]:
    return [
        (
            device,
            source.org_id,
            state.boot,
            state.last_seq,
            state.last_seen,
            state.changed,
            0,
            b"",
            b"",
            encode_latest(state.latest),
        )
        for device, (source, state) in made.states.items()
    ]


def _job_rows(
    made: Plan, now: datetime
) -> list[tuple[bytes, bytes, bytes, bytes, int, bytes, bytes]]:
    at = now.strftime("%Y-%m-%d %H:%M:%S.%f").encode()
    jobs = []
    for org, events in made.jobs.items():
        for start in range(0, len(events), EVENTS_A_JOB):
            payload = json.dumps({"org": org, "events": events[start : start + EVENTS_A_JOB]})
            # A key of its own: the job commits with events that are new, so never twice.
            key = new_id("evt").encode()
            jobs += [
                (queue.encode(), key, payload.encode(), b"ready", 0, at, at) for queue in QUEUES
            ]
    return jobs

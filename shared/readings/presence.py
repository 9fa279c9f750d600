"""Who is connected where: written with hellos and goodbyes, in batches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, select, update

from shared.db import Database
from shared.db.bulk import insert_rows
from shared.models import DeviceState
from shared.readings import rows
from shared.readings.parcel import Source
from shared.readings.plan import State
from shared.readings.store import Store

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Greeting:
    """A device that says hello to a task."""

    source: Source
    boot: int
    firmware: str


@dataclass(frozen=True, slots=True)
class Met:
    """A device that was written to be here: the highest committed number of its boot, and the
    task that it was on before, empty if none.
    """

    last: int
    before: str


async def greet(
    database: Database, store: Store, greetings: Sequence[Greeting], *, task: str, now: int
) -> dict[int, Met]:
    """Write that devices are here and which boot they count in; returns them by device id.

    One device may greet more than once; the last counts.
    """
    met = {}
    greeted = {}
    by_device = {greeting.source.device_id: greeting for greeting in greetings}
    async with database.transaction() as connection:
        states = await store.lock(connection, by_device)
        new = []
        for device in sorted(by_device):
            greeting = by_device[device]
            state = states.get(device) or State()
            last = state.last_seq if state.boot == greeting.boot else 0
            met[device] = Met(last, state.task)
            changed = max(now, state.changed + 1)
            greeted[device] = State(greeting.boot, last, now, changed, state.latest, task)
            new.append(
                (
                    device,
                    greeting.source.org_id,
                    greeting.boot,
                    last,
                    now,
                    changed,
                    1,
                    task.encode(),
                    greeting.firmware.encode(),
                    b"{}",
                )
            )
        await insert_rows(connection, rows.HELLOS, new)
    store.remember(greeted)
    return met


async def elsewhere(database: Database, devices: Iterable[int], *, task: str) -> set[int]:
    """Those of `devices` that said hello to another task since they did to `task`."""
    numbers = sorted(devices)
    found: set[int] = set()
    for start in range(0, len(numbers), CHUNK):
        async with database.read() as session:
            found.update(
                await session.scalars(
                    # Devices of every organisation are connected here.
                    select(DeviceState.device_id).where(  # unscoped: as said above
                        DeviceState.device_id.in_(numbers[start : start + CHUNK]),
                        DeviceState.ingest_task != task,
                    )
                )
            )
    return found


async def leave(database: Database, devices: Iterable[int], *, task: str, now: int) -> None:
    """Write that devices are no longer connected to `task`; those now elsewhere stay as they
    are.
    """
    numbers = sorted(devices)
    for start in range(0, len(numbers), CHUNK):
        async with database.unit_of_work() as session:
            await session.execute(
                update(DeviceState)  # unscoped: connections of every organisation end here
                .where(
                    DeviceState.device_id.in_(numbers[start : start + CHUNK]),
                    DeviceState.ingest_task == task,
                )
                .values(online=False, changed_ts=_later(now))
            )


async def seen(database: Database, devices: Iterable[int], *, now: int) -> None:
    """Write that devices showed a sign of life just now, other than a message."""
    numbers = sorted(devices)
    for start in range(0, len(numbers), CHUNK):
        async with database.unit_of_work() as session:
            await session.execute(
                update(DeviceState)  # unscoped: devices of every organisation are connected here
                .where(DeviceState.device_id.in_(numbers[start : start + CHUNK]))
                .values(last_seen=now)
            )


async def forget(database: Database, *, task: str, now: int) -> None:
    """Write that nobody is connected to `task`: it has just started, or was killed before."""
    async with database.unit_of_work() as session:
        await session.execute(
            update(DeviceState)  # unscoped: connections of every organisation ended there
            .where(DeviceState.ingest_task == task, DeviceState.online.is_(True))
            .values(online=False, changed_ts=_later(now))
        )


def _later(now: int) -> ColumnElement[int]:
    """`now`, or more where a state was changed at that time or later: each change has its own."""
    return case(
        (DeviceState.changed_ts >= now, DeviceState.changed_ts + 1),
        else_=now,
    )

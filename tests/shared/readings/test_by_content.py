"""Messages without numbers of their own, which are known by their content."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event as listening
from sqlalchemy import func, select

from shared.clock import ManualClock
from shared.db import Database
from shared.models import DeviceState, Reading, UsageHour
from shared.readings.content import UNNUMBERED, content_number
from shared.readings.parcel import Parcel, Source
from shared.readings.store import DOUBT_MS, Store
from tests.support.builders import make_device, make_tenant
from tests.support.parcels import NOW, make_source, parcel, reading


@pytest.fixture
async def source(counting: Database) -> Source:
    tenant = await make_tenant(counting)
    return make_source(tenant, await make_device(counting, tenant))


def sent(source: Source, *contents: int) -> Parcel:
    """A parcel of readings that are told apart by these."""
    readings = [
        reading(content_number(b"%d" % content), ts=NOW + content, n=content)
        for content in contents
    ]
    return parcel(source, *readings, watermark=False)


async def stored(database: Database, source: Source) -> tuple[list[int], int]:
    """What is stored of the source, and how much usage its organisation has."""
    async with database.read() as session:
        mine = select(Reading.body).where(Reading.device_id == source.device_id)
        bodies = await session.scalars(mine.order_by(Reading.ts))
        counted = select(func.sum(UsageHour.count)).where(UsageHour.org_id == source.org_id)
        return [body["n"] for body in bodies], int(await session.scalar(counted) or 0)


@contextmanager
def looked_up(database: Database) -> Iterator[list[str]]:
    """The look-ups of readings made meanwhile."""
    found: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT ts, boot, seq FROM reading"):
            found.append(statement)

    listening.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    yield found
    listening.remove(database.engine.sync_engine, "before_cursor_execute", hear)


async def test_what_comes_again_in_any_order_and_company_is_there_once(
    counting: Database, source: Source
) -> None:
    store = Store(task="task-1", clock=ManualClock(NOW))
    for contents in ((3, 4), (1, 2), (2, 3, 5), (5,), (4, 6, 6)):
        await store.commit(counting, [sent(source, *contents)])
    assert await stored(counting, source) == ([1, 2, 3, 4, 5, 6], 6)


async def test_one_that_repeats_itself_takes_nothing_from_the_rest_of_its_batch(
    counting: Database, source: Source
) -> None:
    store = Store(task="task-1", clock=ManualClock(NOW))
    tenant = await make_tenant(counting)
    other = make_source(tenant, await make_device(counting, tenant))
    await store.commit(counting, [sent(source, 1), parcel(other, reading(1, n=1))])
    taken = await store.commit(counting, [sent(source, 1, 2), parcel(other, reading(2, n=2))])
    assert [len(item.readings) for item in taken] == [1, 1]
    assert await stored(counting, source) == ([1, 2], 2)
    assert await stored(counting, other) == ([1, 2], 2)


async def test_the_watermark_is_neither_asked_nor_moved(counting: Database, source: Source) -> None:
    store = Store(task="task-1", clock=ManualClock(NOW))
    await store.commit(counting, [parcel(source, reading(7, n=7), boot=0)])
    await store.commit(counting, [sent(source, 1)])
    async with counting.read() as session:
        state = await session.get_one(DeviceState, source.device_id)
    assert (state.boot, state.last_seq) == (0, 7)
    assert await stored(counting, source) == ([1, 7], 2)


async def test_it_is_looked_up_while_there_is_reason_to_doubt(
    counting: Database, source: Source
) -> None:
    clock = ManualClock(NOW)
    store = Store(task="task-1", clock=clock)

    async def look_ups(*contents: int) -> int:
        with looked_up(counting) as found:
            await store.commit(counting, [sent(source, *contents)])
        return len(found)

    assert await look_ups(1) == 1  # the first of it in this process
    assert await look_ups(2) == 0
    assert await look_ups(2, 3) == 1  # the insert showed it, and the batch was written anew
    assert await look_ups(4) == 1
    assert await look_ups(3) == 1
    clock.advance(ms=DOUBT_MS)
    assert await look_ups(5) == 0
    assert await stored(counting, source) == ([1, 2, 3, 4, 5], 5)


def test_numbers_of_content_are_above_all_that_devices_count_to() -> None:
    numbers = {content_number(b"%d" % n) for n in range(1000)}
    assert len(numbers) == 1000
    assert all(UNNUMBERED <= number < 2 * UNNUMBERED for number in numbers)

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from shared.clock import ManualClock
from shared.db import Database
from shared.models import (
    DeadLetter,
    DeviceEvent,
    DeviceState,
    Job,
    Reading,
    UsageDevice,
    UsageHour,
)
from shared.readings import presence
from shared.readings.parcel import Source
from shared.readings.parse import Rejection
from shared.readings.store import Store
from tests.support.builders import make_device, make_tenant
from tests.support.parcels import NOW, event, make_source, parcel, reading


async def a_source(database: Database) -> Source:
    tenant = await make_tenant(database)
    return make_source(tenant, await make_device(database, tenant))


def a_store(task: str = "task-1") -> Store:
    return Store(task=task, clock=ManualClock(NOW))


async def rows(database: Database, what: Any) -> list[Any]:
    async with database.read() as session:
        return list((await session.scalars(what)).all())


async def readings_of(database: Database, source: Source) -> list[Reading]:
    return await rows(
        database,
        select(Reading).where(Reading.device_id == source.device_id).order_by(Reading.ts),
    )


async def messages_of(database: Database, source: Source) -> int:
    async with database.read() as session:
        total = await session.scalar(
            select(func.sum(UsageHour.count)).where(UsageHour.org_id == source.org_id)
        )
    return int(total or 0)


async def test_a_batch_commits_everything_about_it(counting: Database) -> None:
    source = await a_source(counting)
    refused = Rejection(3, "out_of_range", "temp 900 > 125", b'{"s":3,"v":{"temp":900}}\xff')
    sent = parcel(source, reading(1, temp=20.5), event(2, kwh="10.52"), refused)
    await a_store().commit(counting, [sent])

    (stored,) = await readings_of(counting, source)
    assert (stored.ts, stored.boot, stored.seq, stored.body) == (NOW + 1, 0, 1, {"temp": 20.5})
    (happened,) = await rows(
        counting, select(DeviceEvent).where(DeviceEvent.device_id == source.device_id)
    )
    assert (happened.seq, happened.name, happened.data) == (
        2,
        "session.completed",
        {"kwh": "10.52"},
    )
    (dead,) = await rows(
        counting, select(DeadLetter).where(DeadLetter.device_id == source.device_id)
    )
    assert (dead.seq, dead.code, dead.raw) == (3, "out_of_range", refused.raw)
    (state,) = await rows(
        counting, select(DeviceState).where(DeviceState.device_id == source.device_id)
    )
    assert (state.last_seq, state.last_seen, state.latest) == (3, NOW, {"temp": [20.5, NOW + 1]})
    assert await messages_of(counting, source) == 2
    (counted,) = await rows(
        counting, select(UsageDevice).where(UsageDevice.org_id == source.org_id)
    )
    assert counted.device_id == source.device_id


async def test_events_are_handed_to_workers_in_the_same_transaction(counting: Database) -> None:
    source = await a_source(counting)
    await a_store().commit(counting, [parcel(source, event(7))])
    jobs = [
        job
        for job in await rows(counting, select(Job).where(Job.queue == "loyalty.events"))
        # Done ones of other tests keep no payload.
        if job.payload.get("org") == source.org_id
    ]
    assert [job.payload["events"] for job in jobs] == [[[source.device_id, NOW + 7, 0, 7]]]


async def test_what_is_sent_again_is_stored_and_counted_once(counting: Database) -> None:
    source = await a_source(counting)
    store = a_store()
    await store.commit(counting, [parcel(source, reading(1), reading(2))])
    again = await store.commit(counting, [parcel(source, reading(1), reading(2), reading(3))])
    assert [item.seq for item in again[0].readings] == [3]
    assert len(await readings_of(counting, source)) == 3
    assert await messages_of(counting, source) == 3


async def test_identity_protects_where_the_watermark_cannot(counting: Database) -> None:
    source = await a_source(counting)
    store = a_store()
    await store.commit(counting, [parcel(source, reading(5), boot=0)])
    over_http = parcel(source, reading(5), reading(5), reading(6), watermark=False)
    taken = await store.commit(counting, [over_http])
    assert [item.seq for item in taken[0].readings] == [6]
    assert await messages_of(counting, source) == 2


async def test_a_row_taken_for_new_that_exists_is_found_out(counting: Database) -> None:
    source = await a_source(counting)
    store = a_store()
    # Over HTTP the watermark stays, so that the device's own numbers are not jumped over.
    await store.commit(counting, [parcel(source, reading(1), watermark=False)])
    taken = await store.commit(counting, [parcel(source, reading(1), reading(2))])
    assert [item.seq for item in taken[0].readings] == [2]
    assert await messages_of(counting, source) == 2


async def test_two_tasks_that_write_the_same_messages_count_them_once(counting: Database) -> None:
    source = await a_source(counting)
    stores = [a_store("task-a"), a_store("task-b")]
    batch = [reading(number) for number in range(1, 200)]
    await asyncio.gather(*(store.commit(counting, [parcel(source, *batch)]) for store in stores))
    assert len(await readings_of(counting, source)) == 199
    assert await messages_of(counting, source) == 199


async def test_a_message_of_an_earlier_boot_does_not_move_the_watermark(
    counting: Database,
) -> None:
    source = await a_source(counting)
    await a_store().commit(counting, [parcel(source, reading(9), boot=77)])
    (state,) = await rows(
        counting, select(DeviceState).where(DeviceState.device_id == source.device_id)
    )
    assert (state.boot, state.last_seq) == (0, 0)
    assert len(await readings_of(counting, source)) == 1


async def test_an_older_time_never_overwrites_a_newer_value(counting: Database) -> None:
    source = await a_source(counting)
    newer, older = reading(1, ts=NOW + 5000, temp=2), reading(2, ts=NOW, temp=1, door=True)
    await a_store().commit(counting, [parcel(source, newer, older)])
    (state,) = await rows(
        counting, select(DeviceState).where(DeviceState.device_id == source.device_id)
    )
    assert state.latest == {"temp": [2, NOW + 5000], "door": [True, NOW]}


async def test_text_that_means_something_to_sql_is_stored_as_it_is(counting: Database) -> None:
    source = await a_source(counting)
    text = 'it\'s \\ 100% "quoted" \u0000 ü 漢 😀 %s ? ; --'
    await a_store().commit(counting, [parcel(source, reading(1, note=text))])
    (stored,) = await readings_of(counting, source)
    assert stored.body == {"note": text}


async def test_two_readings_in_one_millisecond_both_stay(counting: Database) -> None:
    source = await a_source(counting)
    await a_store().commit(counting, [parcel(source, reading(1, ts=NOW), reading(2, ts=NOW))])
    assert len(await readings_of(counting, source)) == 2


async def test_a_batch_larger_than_a_statement_is_stored_whole(counting: Database) -> None:
    source = await a_source(counting)
    many = [reading(number, note="x" * 200) for number in range(1, 7001)]
    await a_store().commit(counting, [parcel(source, *many)])
    assert len(await readings_of(counting, source)) == 7000


async def test_a_state_that_another_task_changed_is_read_again(counting: Database) -> None:
    source = await a_source(counting)
    here, there = a_store("task-a"), a_store("task-b")
    await here.commit(counting, [parcel(source, reading(1, temp=1.5))])
    await there.commit(counting, [parcel(source, reading(2, hum=2.5))])
    taken = await here.commit(
        counting, [parcel(source, reading(1), reading(2), reading(3, co2=3.5))]
    )
    assert [item.seq for item in taken[0].readings] == [3]
    (state,) = await rows(
        counting, select(DeviceState).where(DeviceState.device_id == source.device_id)
    )
    assert state.last_seq == 3
    assert state.latest == {
        "temp": [1.5, NOW + 1],
        "hum": [2.5, NOW + 2],
        "co2": [3.5, NOW + 3],
    }


async def test_a_batch_that_failed_leaves_nothing_behind_that_is_believed(
    counting: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await a_source(counting)
    store = a_store()
    await store.commit(counting, [parcel(source, reading(1))])

    async def fail(*_given: Any, **_more: Any) -> None:
        raise RuntimeError("the database went away")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "_insert", fail)
        with pytest.raises(RuntimeError):
            await store.commit(counting, [parcel(source, reading(2))])
    taken = await store.commit(counting, [parcel(source, reading(2), reading(3))])
    assert [item.seq for item in taken[0].readings] == [2, 3]
    assert await messages_of(counting, source) == 3


async def test_writers_of_one_task_count_together(counting: Database) -> None:
    tenant = await make_tenant(counting)
    sources = [make_source(tenant, await make_device(counting, tenant)) for _ in range(2)]
    store = a_store()
    for start in range(1, 100, 33):
        await asyncio.gather(
            *(
                store.commit(
                    counting,
                    [parcel(source, *(reading(n) for n in range(start, start + 33)))],
                    writer=writer,
                )
                for writer, source in enumerate(sources)
            )
        )
    assert await messages_of(counting, sources[0]) == 198
    assert [len(await readings_of(counting, source)) for source in sources] == [99, 99]


async def test_a_change_of_presence_is_later_than_the_state_before_it(counting: Database) -> None:
    source = await a_source(counting)
    await a_store().commit(counting, [parcel(source, reading(n)) for n in range(1, 4)])
    wanted = select(DeviceState).where(DeviceState.device_id == source.device_id)
    (before,) = await rows(counting, wanted)
    await presence.leave(counting, [source.device_id], task="", now=before.changed_ts)
    (after,) = await rows(counting, wanted)
    assert after.changed_ts == before.changed_ts + 1


async def test_readings_that_need_escapes_are_stored_as_they_came(counting: Database) -> None:
    source = await a_source(counting)
    texts = ["it's", 'a "quote"', "back\\slash", "100%", "%s %d", "naïve"]
    sent = [reading(number, state=text) for number, text in enumerate(texts, 1)]
    await a_store().commit(counting, [parcel(source, *sent)])
    assert [r.body["state"] for r in await readings_of(counting, source)] == texts


async def test_readings_out_of_order_leave_the_newest_as_latest(counting: Database) -> None:
    source = await a_source(counting)
    sent = [
        reading(1, ts=NOW + 30, temp=3),
        reading(2, ts=NOW + 10, temp=1, hum=5),
        reading(3, ts=NOW + 20, temp=2),
    ]
    await a_store().commit(counting, [parcel(source, *sent)])
    (state,) = await rows(
        counting, select(DeviceState).where(DeviceState.device_id == source.device_id)
    )
    assert state.latest == {"temp": [3, NOW + 30], "hum": [5, NOW + 10]}

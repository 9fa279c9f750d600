from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from shared.clock import to_ms
from shared.jobs import enqueue
from shared.models import UsageDevice, UsageHour
from tests.apps.billing.conftest import Billing
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.events import Sent, commit_events

YEAR: dict[str, Any] = {"start": "2014-01-01T00:00:00Z", "end": "2015-01-01T00:00:00Z"}
HOUR_MS = 3_600_000


def at(moment: str) -> int:
    return to_ms(datetime.fromisoformat(moment))


async def station(billing: Billing, uid: str | None = None) -> MadeDevice:
    return await make_device(billing.services.database, billing.tenant, uid)


async def commit(billing: Billing, *sent: Sent, jobs: int = 1) -> None:
    await commit_events(billing.services.database, billing.tenant, sent, jobs=jobs)


async def add_rows(billing: Billing, *rows: UsageHour | UsageDevice) -> None:
    async with billing.services.database.unit_of_work() as session:
        session.add_all(rows)


async def test_an_event_sum_is_exact_whatever_way_its_numbers_were_sent(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing)
    numbers = ['"10.52"', "0.1", "0.2", "7", "12345678901234.123456789012", '"-0.000000000001"']
    sent = [
        Sent(device, at("2014-11-18T12:00Z"), f'{{"kwh": {number}}}', seq=seq)
        for seq, number in enumerate(numbers)
    ]
    await commit(billing, *sent)
    await billing.work()
    page = await billing.get("/v1/usage", meter="energy", **YEAR)
    assert page["total"] == "12345678901251.943456789011"
    assert page["items"][0]["value"] == page["total"]


async def test_an_event_named_by_many_jobs_counts_once(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing)
    await commit(billing, Sent(device, at("2014-11-18T12:00Z"), {"kwh": "1.5"}), jobs=3)
    await billing.work()
    assert await billing.values(meter="energy", **YEAR) == [(None, None, "1.5")]


async def test_days_and_months_are_those_of_the_zone(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing)
    await commit(
        billing,
        Sent(device, at("2014-11-01T03:59:59.999Z"), {"kwh": 1}, seq=1),
        Sent(device, at("2014-11-01T04:00Z"), {"kwh": 10}, seq=2),
        Sent(device, at("2014-11-02T04:59Z"), {"kwh": 100}, seq=3),
        Sent(device, at("2014-12-01T04:59:59.999Z"), {"kwh": 1000}, seq=4),
    )
    await billing.work()
    span: dict[str, Any] = {"start": "2014-10-01T04:00:00Z", "end": "2014-12-01T05:00:00Z"}
    eastern: dict[str, Any] = {"meter": "energy", "zone": "America/New_York", **span}
    assert await billing.values(group="month", **eastern) == [
        ("2014-10", None, "1"),
        ("2014-11", None, "1110"),
    ]
    days = dict((day, value) for day, _, value in await billing.values(group="day", **eastern))  # noqa: C402 - three to two
    assert len(days) == 61
    assert {day: value for day, value in days.items() if value != "0"} == {
        "2014-10-31": "1",
        "2014-11-01": "10",
        "2014-11-02": "100",
        "2014-11-30": "1000",
    }


async def test_half_hour_zones_have_their_own_midnight(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing)
    await commit(
        billing,
        Sent(device, at("2025-06-01T18:29:59.999Z"), {"kwh": 1}, seq=1),
        Sent(device, at("2025-06-01T18:30Z"), {"kwh": 2}, seq=2),
    )
    await billing.work()
    span: dict[str, Any] = {"start": "2025-05-31T18:30:00Z", "end": "2025-06-02T18:30:00Z"}
    found = await billing.values(meter="energy", group="day", zone="Asia/Kolkata", **span)
    assert found == [("2025-06-01", None, "1"), ("2025-06-02", None, "2")]


async def test_usage_by_device_and_month_adds_up_to_the_total(billing: Billing) -> None:
    await billing.meter()
    one, two = await station(billing, "one"), await station(billing, "two")
    await commit(
        billing,
        *(
            Sent(device, at(f"2014-{month:02}-15T12:00Z"), {"kwh": f"{month}.25"}, seq=month)
            for device in (one, two)
            for month in (1, 2, 3)
        ),
        Sent(one, at("2014-03-16T12:00Z"), {"kwh": "0.5"}, seq=4),
    )
    await billing.work()
    expected = [
        ("2014-01", "one", "1.25"),
        ("2014-02", "one", "2.25"),
        ("2014-03", "one", "3.75"),
        ("2014-01", "two", "1.25"),
        ("2014-02", "two", "2.25"),
        ("2014-03", "two", "3.25"),
    ]
    query: dict[str, Any] = {"meter": "energy", "group": "month", "by": "device", **YEAR}
    assert await billing.values(**query) == expected
    assert await billing.values(**query, limit=1) == expected
    assert await billing.values(**query, limit=4) == expected
    assert await billing.values(meter="energy", group="device", **YEAR) == [
        (None, "one", "7.25"),
        (None, "two", "6.75"),
    ]


async def test_pages_of_days_follow_each_other(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing)
    await commit(billing, Sent(device, at("2014-07-04T12:00Z"), {"kwh": 3}))
    await billing.work()
    query: dict[str, Any] = {"meter": "energy", "group": "day", **YEAR}
    small = await billing.values(**query, limit=7)
    assert small == await billing.values(**query, limit=1000)
    assert len(small) == 365
    assert ("2014-07-04", None, "3") in small


async def test_an_event_without_a_number_is_seen_and_adds_nothing(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing)
    await commit(
        billing,
        Sent(device, at("2014-11-18T12:00Z"), {"kwh": "n/a"}, seq=1),
        Sent(device, at("2014-11-18T12:00Z"), {}, seq=2),
        Sent(device, at("2014-11-18T12:00Z"), {"kwh": 2}, seq=3),
    )
    await billing.work()
    page = await billing.get("/v1/usage", meter="energy", **YEAR)
    assert (page["total"], page["unusable"]) == ("2", 2)


async def test_a_late_event_is_in_the_period_in_which_it_happened(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing)
    for seq, moment in enumerate(("2014-11-18T12:00Z", "2014-02-18T12:00Z"), 1):
        await commit(billing, Sent(device, at(moment), {"kwh": seq}, seq=seq))
        await billing.work()
    found = await billing.values(meter="energy", group="month", **YEAR)
    assert found[1] == ("2014-02", None, "2")
    assert found[10] == ("2014-11", None, "1")


async def test_a_deleted_device_still_counts(billing: Billing) -> None:
    await billing.meter()
    device = await station(billing, "gone")
    await commit(billing, Sent(device, at("2014-11-18T12:00Z"), {"kwh": 5}))
    async with billing.services.database.unit_of_work() as session:
        await session.execute(text("UPDATE device SET gone = id WHERE id = :id"), {"id": device.id})
    await billing.work()
    assert await billing.values(meter="energy", group="device", **YEAR) == [(None, "gone", "5")]


async def test_a_meter_counts_events_from_before_it_in_bounded_steps(billing: Billing) -> None:
    one, two = await station(billing), await station(billing)
    sent = [
        Sent(device, at("2014-11-18T12:00Z") + seq // 3, {"kwh": "0.1"}, seq=seq, boot=seq % 2)
        for device in (one, two)
        for seq in range(10)
    ]
    await commit(billing, *sent)
    meter = await billing.meter()
    assert meter["backfilled_at"] is None
    assert not (await billing.get("/v1/usage", meter="energy", **YEAR))["complete"]
    steps = await billing.work(chunk=3)
    assert steps > 20 // 3
    page = await billing.get("/v1/usage", meter="energy", **YEAR)
    assert (page["total"], page["complete"]) == ("2", True)


async def test_a_deleted_meter_is_gone_and_its_code_is_free(billing: Billing) -> None:
    device = await station(billing)
    await commit(billing, Sent(device, at("2014-11-18T12:00Z"), {"kwh": 5, "minor": 473}))
    meter = await billing.meter()
    await billing.work()
    await billing.delete(f"/v1/meters/{meter['id']}")
    await billing.get("/v1/usage", expect=404, meter="energy", **YEAR)
    await billing.get(f"/v1/meters/{meter['id']}", expect=404)
    await billing.meter(field="minor")
    await billing.work()
    assert await billing.values(meter="energy", **YEAR) == [(None, None, "473")]


async def test_an_event_count_counts_events(billing: Billing) -> None:
    await billing.post(
        "/v1/meters", {"code": "sessions", "kind": "event_count", "event": "session.completed"}
    )
    device = await station(billing)
    await commit(
        billing,
        *(Sent(device, at("2014-11-18T12:00Z"), {}, seq=seq) for seq in range(3)),
        Sent(device, at("2014-11-18T12:00Z"), {}, seq=9, name="door.opened"),
    )
    await billing.work()
    assert await billing.values(meter="sessions", **YEAR) == [(None, None, "3")]


async def test_messages_are_summed_over_the_tasks_that_stored_them(billing: Billing) -> None:
    hour = at("2014-11-18T12:00Z") // HOUR_MS
    await add_rows(
        billing,
        *(
            UsageHour(org_id=billing.tenant.id, meter="messages", hour=when, task=task, count=count)
            for when, task, count in ((hour, "a", 5), (hour, "b", 7), (hour + 12, "a", 1))
        ),
    )
    span: dict[str, Any] = {"start": "2014-11-18T00:00:00Z", "end": "2014-11-20T00:00:00Z"}
    assert await billing.values(meter="messages", group="day", **span) == [
        ("2014-11-18", None, "12"),
        ("2014-11-19", None, "1"),
    ]
    assert await billing.values(meter="messages", **span) == [(None, None, "13")]


async def test_messages_do_not_know_devices_nor_half_hours(billing: Billing) -> None:
    query: dict[str, Any] = {
        "meter": "messages",
        "start": "2014-11-18T00:00:00Z",
        "end": "2014-11-20T00:00:00Z",
    }
    by_device = await billing.get("/v1/usage", expect=422, **query, group="device")
    assert by_device["code"] == "not_by_device"
    kolkata = await billing.get("/v1/usage", expect=422, **query, group="day", zone="Asia/Kolkata")
    assert kolkata["code"] == "not_in_this_zone"


async def test_a_device_is_active_once_in_each_period(billing: Billing) -> None:
    one, two = await station(billing, "one"), await station(billing, "two")
    noon = at("2014-11-18T12:00Z") // 900_000
    await add_rows(
        billing,
        *(
            UsageDevice(org_id=billing.tenant.id, quarter=quarter, device_id=device.id)
            for device, quarter in ((one, noon), (one, noon + 1), (two, noon), (one, noon + 96))
        ),
    )
    query: dict[str, Any] = {
        "meter": "active_devices",
        "start": "2014-11-18T00:00:00Z",
        "end": "2014-11-20T00:00:00Z",
    }
    assert await billing.values(**query, group="day") == [
        ("2014-11-18", None, "2"),
        ("2014-11-19", None, "1"),
    ]
    assert await billing.values(**query) == [(None, None, "2")]
    assert await billing.values(**query, group="day", by="device", limit=1) == [
        ("2014-11-18", "one", "1"),
        ("2014-11-19", "one", "1"),
        ("2014-11-18", "two", "1"),
    ]


async def test_many_periods_of_active_devices_take_several_statements(billing: Billing) -> None:
    one = await station(billing)
    noon = at("2014-11-18T12:00Z") // 900_000
    await add_rows(billing, UsageDevice(org_id=billing.tenant.id, quarter=noon, device_id=one.id))
    found = await billing.values(meter="active_devices", group="day", limit=100, **YEAR)
    assert sum(Decimal(value) for _, _, value in found) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2015-01-01T00:00:00Z", "end": "2014-01-01T00:00:00Z"},
        {"zone": "Mars/Olympus"},
        {"group": "week"},
        {"start": "yesterday"},
        {"limit": 1001},
        {"surprise": "1"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    billing: Billing, query: dict[str, Any]
) -> None:
    await billing.get("/v1/usage", expect=422, **({"meter": "messages"} | YEAR | query))


async def test_a_cursor_of_another_question_is_refused(billing: Billing) -> None:
    query: dict[str, Any] = {"meter": "messages", "group": "day", **YEAR}
    page = await billing.get("/v1/usage", **query)
    await billing.get(
        "/v1/usage", expect=400, **(query | {"zone": "Asia/Tokyo"}), cursor=page["next"]
    )


async def test_usage_of_another_organisation_is_not_counted(billing: Billing) -> None:
    await billing.meter()
    stranger = await make_tenant(billing.services.database)
    device = await make_device(billing.services.database, stranger)
    theirs = Sent(device, at("2014-11-18T12:00Z"), {"kwh": 5})
    await commit_events(billing.services.database, stranger, [theirs])
    await commit(billing)
    async with billing.services.database.unit_of_work() as session:
        now = billing.services.clock.now()
        payload = {"org": billing.tenant.id, "events": [theirs.key]}
        await enqueue(session, "billing.events", f"stray-{device.id}", payload, now=now)
    await billing.work()
    assert await billing.values(meter="energy", **YEAR) == [(None, None, "0")]

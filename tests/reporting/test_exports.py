from typing import Any

import pytest

from apps.reporting.exports import rules
from shared.web.services import Services
from tests.reporting.exporting import T0, body, export, signed_in
from tests.support.builders import make_device, make_tenant
from tests.support.telemetry import store_event, store_readings, store_state


async def test_readings_come_device_by_device_in_the_order_of_time(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        first = await make_device(services.database, tenant)
        second = await make_device(services.database, tenant)
        await store_readings(
            services.database,
            second,
            [(T0, 1, 1, body(temp=1)), (T0 + 5, 1, 2, body(temp=2)), (T0 + 5, 2, 1, body(temp=3))],
        )
        await store_readings(services.database, first, [(T0 + 9, 1, 1, body(temp=4))])
        rows = await export(http, metrics="temp")
    assert [(row["device"], row["temp"]) for row in rows] == [
        (first.public_id, "4"),
        (second.public_id, "1"),
        (second.public_id, "2"),
        (second.public_id, "3"),
    ]
    assert rows[0] == {
        "device": first.public_id,
        "time": "2025-11-21T16:00:00.009Z",
        "t": "1763740800009",
        "boot": "1",
        "s": "1",
        "temp": "4",
    }


async def test_numbers_are_exactly_as_stored(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        device = await make_device(services.database, tenant)
        await store_readings(services.database, device, [(T0, 1, 1, '{"a": 21.50, "b": 1E3}')])
        rows = await export(http, metrics="a,b")
    assert (rows[0]["a"], rows[0]["b"]) == ("21.50", "1E3")


async def test_without_metrics_the_columns_are_those_the_devices_have(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        first = await make_device(services.database, tenant)
        second = await make_device(services.database, tenant)
        third = await make_device(services.database, tenant)
        await store_state(
            services.database, tenant, first, latest={"temp": [1, T0], "door": [True, T0]}
        )
        await store_state(
            services.database, tenant, second, latest={"hum": [1, T0], "temp": [1, T0]}
        )
        await store_state(services.database, tenant, third, latest={"other": [1, T0]})
        await store_readings(services.database, first, [(T0, 1, 1, body(temp=1))])
        wanted = [first.public_id, second.public_id]
        rows = await export(http, device=wanted)
        every = await export(http)
    assert list(rows[0]) == ["device", "time", "t", "boot", "s", "door", "hum", "temp"]
    assert list(every[0])[5:] == ["door", "hum", "other", "temp"]


async def test_named_metrics_are_the_columns_in_their_order(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        device = await make_device(services.database, tenant)
        await store_readings(services.database, device, [(T0, 1, 1, body(a=1, b=2, c=3))])
        rows = await export(http, metrics=["c,a", "none", "a"])
    assert list(rows[0])[5:] == ["c", "a", "none"]
    assert [rows[0][name] for name in ("c", "a", "none")] == ["3", "1", ""]


async def test_a_span_includes_its_start_and_not_its_end(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        device = await make_device(services.database, tenant)
        stored = [(T0 + n, 1, n, body(n=n)) for n in range(5)]
        await store_readings(services.database, device, stored)
        some = await export(http, metrics="n", start=T0 + 1, end="2025-11-21T16:00:00.003Z")
        none = await export(http, metrics="n", start=T0, end=T0)
    assert [row["n"] for row in some] == ["1", "2"]
    assert none == []


async def test_chunks_join_without_loss_or_repetition(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "FIRST_ROWS", 3)
    monkeypatch.setattr(rules, "FEWEST_ROWS", 3)
    monkeypatch.setattr(rules, "MOST_ROWS", 7)
    # Many readings of one millisecond and one boot lie on both sides of a chunk's end.
    stored = [
        (T0 + ms, boot, seq, body(n=0)) for ms in range(4) for boot in (1, 2) for seq in range(5)
    ]
    async with signed_in(services) as (http, tenant):
        device = await make_device(services.database, tenant)
        await store_readings(services.database, device, stored)
        rows = await export(http, metrics="n")
    keys = [(int(row["t"]), int(row["boot"]), int(row["s"])) for row in rows]
    assert keys == [row[:3] for row in stored]


async def test_text_is_quoted_and_guarded(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        device = await make_device(services.database, tenant)
        stored = body(a='say "hi", ü\n', b="=HYPERLINK(1)")
        await store_readings(services.database, device, [(T0, 1, 1, stored)])
        rows = await export(http, metrics="a,b")
    assert (rows[0]["a"], rows[0]["b"]) == ('say "hi", ü\n', "'=HYPERLINK(1)")


async def test_an_export_is_a_file_with_a_name(services: Services) -> None:
    async with signed_in(services) as (http, _):
        answer = await http.get("/v1/exports/readings.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].startswith('attachment; filename="readings-2')
    assert answer.text == "device,time,t,boot,s\r\n"


async def test_events_are_exported_with_their_data(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        device = await make_device(services.database, tenant)
        data = '{"kwh": "10.50", "minor": 473}'
        await store_event(
            services.database, tenant, device, ts=T0 + 1, name="session.completed", data=data
        )
        await store_event(services.database, tenant, device, ts=T0 + 2, seq=2)
        rows = await export(http, "events")
        named = await export(http, "events", event="session.completed", fields="minor,kwh")
    assert [(row["event"], row["data"]) for row in rows] == [
        ("session.completed", data),
        ("door.opened", "{}"),
    ]
    assert len(named) == 1
    assert list(named[0].items())[4:] == [
        ("s", "1"),
        ("event", "session.completed"),
        ("minor", "473"),
        ("kwh", "10.50"),
    ]


@pytest.mark.parametrize("what", ["readings", "events"])
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"start": T0 + 1, "end": T0}, 422, "start_after_end"),
        ({"start": "yesterday"}, 422, "invalid"),
        ({"device": "dev_none"}, 404, "no_such_device"),
        ({"device": ["dev_none"] * 101}, 422, "invalid"),
    ],
)
async def test_a_bad_question_is_refused(
    services: Services, what: str, query: dict[str, Any], status: int, code: str
) -> None:
    async with signed_in(services) as (http, _):
        answer = await http.get(f"/v1/exports/{what}.csv", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("metrics", ["", "a,,b", "a\tb", "A", "x" * 65])
async def test_a_bad_column_is_refused(services: Services, metrics: str) -> None:
    async with signed_in(services) as (http, _):
        answer = await http.get("/v1/exports/readings.csv", params={"metrics": metrics})
    assert answer.status_code == 422


async def test_too_many_columns_are_refused(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        device = await make_device(services.database, tenant)
        many = {f"m{n}": [1, T0] for n in range(1001)}
        await store_state(services.database, tenant, device, latest=many)
        found = await http.get("/v1/exports/readings.csv")
        given = await http.get("/v1/exports/readings.csv", params={"metrics": ",".join(many)})
    assert (found.status_code, found.json()["code"]) == (422, "too_many_columns")
    assert given.status_code == 422


@pytest.mark.parametrize("what", ["readings", "events"])
async def test_another_organisations_rows_do_not_exist(services: Services, what: str) -> None:
    other = await make_tenant(services.database)
    theirs = await make_device(services.database, other)
    await store_readings(services.database, theirs, [(T0, 1, 1, body(a=1))])
    await store_event(services.database, other, theirs, ts=T0 + 1)
    async with signed_in(services) as (http, _):
        answer = await http.get(f"/v1/exports/{what}.csv", params={"device": theirs.public_id})
        rows = await export(http, what)
    assert answer.status_code == 404
    assert rows == []

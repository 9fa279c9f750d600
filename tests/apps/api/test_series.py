from typing import Any

import httpx
import pytest

from apps.api.series import repository, service
from shared.db import Database
from tests.support.builders import MadeDevice, Tenant, make_device, make_profile
from tests.support.telemetry import store_readings

T = 1_763_740_800_000


@pytest.fixture
async def device(database: Database, tenant: Tenant) -> MadeDevice:
    metrics = {"temp": {"type": "number", "unit": "°C"}}
    profile = await make_profile(database, tenant, metrics)
    return await make_device(database, tenant, profile_id=profile.id)


async def draw(api: httpx.AsyncClient, device: MadeDevice, **params: Any) -> httpx.Response:
    asked: dict[str, Any] = {"metric": "temp", "start": T, "end": T + 10_000} | params
    return await api.get(f"/v1/devices/{device.public_id}/series", params=asked)


async def test_a_series_has_every_bucket_and_nulls_where_nothing_is(
    api: httpx.AsyncClient, database: Database, device: MadeDevice
) -> None:
    rows = [
        (T - 1, 1, 1, '{"temp":99}'),
        (T, 1, 2, '{"temp":20.5,"door":true}'),
        (T + 10, 1, 3, '{"door":false}'),
        (T + 4_999, 1, 4, '{"temp":22}'),
        (T + 10_000, 1, 5, '{"temp":99}'),
    ]
    await store_readings(database, device, rows)
    answer = await draw(api, device, points=2, aggregates="min,max,avg,last,count,sum")
    filled = {"min": 20.5, "max": 22, "avg": 21.25, "last": 22, "count": 2, "sum": 42.5}
    empty = dict.fromkeys(filled) | {"count": 0}
    assert answer.json() == {
        "device": device.public_id,
        "metric": "temp",
        "unit": "°C",
        "start": T,
        "end": T + 10_000,
        "bucket": 5_000,
        "points": [{"t": T} | filled, {"t": T + 5_000} | empty],
    }


async def test_it_has_the_aggregates_asked_for(api: httpx.AsyncClient, device: MadeDevice) -> None:
    few = await draw(api, device, points=1, aggregates="avg")
    assert few.json()["points"] == [{"t": T, "avg": None}]
    usual = await draw(api, device)
    assert set(usual.json()["points"][0]) == {"t", "min", "max", "avg", "last"}
    assert len(usual.json()["points"]) == 295  # 34 ms each, in place of 33.3 for 300


async def test_buckets_begin_at_multiples_of_their_width(
    api: httpx.AsyncClient, device: MadeDevice
) -> None:
    answer = await draw(api, device, start=T + 61_000, end=T + 121_000, bucket="1m")
    assert [point["t"] - T for point in answer.json()["points"]] == [60_000, 120_000]


async def test_a_metric_with_a_dot_is_a_metric(
    api: httpx.AsyncClient, database: Database, device: MadeDevice
) -> None:
    await store_readings(database, device, [(T, 1, 1, '{"io.66":12,"io":5}')])
    answer = await draw(api, device, metric="io.66", points=1)
    assert answer.json()["points"][0]["last"] == 12
    assert answer.json()["unit"] is None


async def test_it_goes_on_over_chunks_of_rows(
    api: httpx.AsyncClient,
    database: Database,
    device: MadeDevice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repository, "CHUNK", 7)
    await store_readings(
        database, device, [(T + n // 3, 1, n, f'{{"temp":{n}.1}}') for n in range(1, 50)]
    )
    answer = await draw(api, device, points=1, aggregates="count,sum,last")
    assert answer.json()["points"] == [{"t": T, "last": 49.1, "count": 49, "sum": 1229.9}]


async def test_more_readings_of_one_millisecond_than_a_chunk_all_count(
    *,
    api: httpx.AsyncClient,
    database: Database,
    device: MadeDevice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repository, "CHUNK", 7)
    rows = [(T, 1, n, f'{{"temp":{n}}}') for n in range(1, 30)]
    rows += [(T + 1, 1, n, '{"temp":1}') for n in range(1, 7)]
    await store_readings(database, device, rows)
    answer = await draw(api, device, points=1, aggregates="count,sum")
    assert answer.json()["points"] == [{"t": T, "count": 35, "sum": 441.0}]


async def test_a_span_with_too_many_readings_is_refused_in_a_sentence(
    api: httpx.AsyncClient,
    database: Database,
    device: MadeDevice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "MOST_READINGS", 3)
    await store_readings(database, device, [(T + n, 1, n, '{"temp":1}') for n in range(4)])
    answer = await draw(api, device)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_readings")
    assert "ask for a shorter one" in answer.json()["detail"]


@pytest.mark.parametrize(
    "params",
    [{"points": 1_000_000}, {"points": 10_001}, {"bucket": "1ms", "end": T + 1_000_000}],
)
async def test_a_million_points_are_refused_in_a_sentence(
    api: httpx.AsyncClient, device: MadeDevice, params: dict[str, Any]
) -> None:
    answer = await draw(api, device, **params)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_points")
    assert "a series has at most 10000" in answer.json()["detail"]


@pytest.mark.parametrize(
    "params",
    [
        {"end": T},
        {"start": T + 20_000},
        {"points": 0},
        {"points": 5, "bucket": "1m"},
        {"bucket": "1 minute"},
        {"bucket": "0s"},
        {"metric": "Temp"},
        {"metric": ""},
        {"aggregates": "median"},
        {"aggregates": ""},
        {"colour": "red"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, device: MadeDevice, params: dict[str, Any]
) -> None:
    assert (await draw(api, device, **params)).status_code == 422


async def test_the_metric_and_the_span_are_needed(
    api: httpx.AsyncClient, device: MadeDevice
) -> None:
    answer = await api.get(f"/v1/devices/{device.public_id}/series")
    missing = {error["where"] for error in answer.json()["errors"]}
    assert missing == {"query.metric", "query.start", "query.end"}

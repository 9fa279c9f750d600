from typing import Any

import pytest
from sqlalchemy import select

from apps.billing.main import create_app
from shared.db import scoped
from shared.models import AuditEntry
from tests.apps.billing.conftest import SUM, Billing
from tests.support.builders import make_tenant
from tests.support.contract import check_contract
from tests.support.databases import on_mariadb
from tests.support.http import client
from tests.support.isolation import operations, statuses
from tests.support.until import until

EMPTY = "00000000000000000000000000"


async def test_a_meter_comes_back_as_it_was_made(billing: Billing) -> None:
    made = await billing.meter()
    assert made["id"].startswith("mtr_")
    assert {name: made[name] for name in SUM} == SUM
    assert await billing.get(f"/v1/meters/{made['id']}") == made


async def test_meters_are_listed_by_code_in_pages(billing: Billing) -> None:
    for code in ("c", "a", "b"):
        await billing.meter(code)
    page = await billing.get("/v1/meters", limit=2)
    assert [meter["code"] for meter in page["items"]] == ["a", "b"]
    rest = await billing.get("/v1/meters", limit=2, cursor=page["next"])
    assert [meter["code"] for meter in rest["items"]] == ["c"]
    assert rest["next"] is None


async def test_a_code_belongs_to_one_meter(billing: Billing) -> None:
    await billing.meter()
    problem = await billing.post("/v1/meters", {"code": "energy", **SUM}, expect=409)
    assert problem["code"] == "code_taken"


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "Energy"},
        {"kind": "average"},
        {"event": None},
        {"field": None},
        {"kind": "event_count"},
        {"kind": "messages"},
        {"event": "Session Completed"},
        {"field": " kwh"},
        {"unit": "k" * 33},
        {"surprise": 1},
        {"code": "messages"},
    ],
)
async def test_a_meter_that_makes_no_sense_is_refused(
    billing: Billing, fields: dict[str, Any]
) -> None:
    await billing.post("/v1/meters", {"code": "energy", **SUM} | fields, expect=422)


async def test_a_request_sent_again_with_its_key_makes_one_meter(billing: Billing) -> None:
    key: dict[str, Any] = {"Idempotency-Key": "once"}
    first = await billing.post("/v1/meters", {"code": "energy", **SUM}, **key)
    assert await billing.post("/v1/meters", {"code": "energy", **SUM}, **key) == first


async def test_changes_of_meters_are_audited(billing: Billing) -> None:
    meter = await billing.meter()
    await billing.delete(f"/v1/meters/{meter['id']}")
    async with billing.services.database.read() as session:
        wanted = scoped(billing.tenant.id, select(AuditEntry).order_by(AuditEntry.id))
        found = (await session.scalars(wanted)).all()
    assert [(entry.action, entry.target) for entry in found] == [
        ("meter.create", meter["id"]),
        ("meter.delete", meter["id"]),
    ]
    assert found[0].after == {"code": "energy", **SUM}
    assert found[1].before == {"code": "energy", **SUM}


async def test_no_route_answers_a_stranger(billing: Billing) -> None:
    meter = await billing.meter()
    calls = operations(create_app(services=billing.services), {"meter_id": meter["id"]})
    no_scope = await make_tenant(billing.services.database, scopes=["devices:read"])
    assert len(calls) == 5
    assert set((await statuses(billing.http, calls, None)).values()) == {401}
    assert set((await statuses(billing.http, calls, no_scope)).values()) == {403}


async def test_a_meter_of_another_organisation_does_not_exist(billing: Billing) -> None:
    meter = await billing.meter()
    stranger = await make_tenant(billing.services.database)
    calls = [("GET", f"/v1/meters/{meter['id']}"), ("DELETE", f"/v1/meters/{meter['id']}")]
    span = "start=2014-01-01T00:00:00Z&end=2015-01-01T00:00:00Z"
    calls += [("GET", f"/v1/usage?meter={named}&{span}") for named in (meter["id"], "energy")]
    assert set((await statuses(billing.http, calls, stranger)).values()) == {404}
    await billing.get(f"/v1/meters/{meter['id']}")


async def test_the_workers_of_the_app_count_without_being_asked(billing: Billing) -> None:
    async with client(create_app(services=billing.services)) as http:
        body = {"code": "energy", **SUM}
        made = await http.post("/v1/meters", json=body, headers=billing.tenant.headers)
        path = f"/v1/meters/{made.json()['id']}"

        async def is_backfilled() -> bool:
            answer = await http.get(path, headers=billing.tenant.headers)
            return answer.json()["backfilled_at"] is not None

        await until(is_backfilled, "the backfill")


@on_mariadb
async def test_the_app_keeps_its_word(billing: Billing) -> None:
    await check_contract(create_app(services=billing.services), billing.tenant.headers)

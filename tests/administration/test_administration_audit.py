from typing import Any

import httpx
import pytest
from sqlalchemy import select

from apps.administration.main import create_app
from shared.auth import audit
from shared.clock import from_ms
from shared.db import scoped
from shared.models import AuditEntry
from shared.web.services import Services
from tests.administration.signed_in import signed_in
from tests.support.builders import Tenant, make_tenant

T0 = 1_763_740_800_000


async def _entry(services: Services, tenant: Tenant, action: str, **other: Any) -> None:
    origin = audit.Origin(tenant.id, other.get("actor", "key_a"), "req_1", "192.0.2.1")
    async with services.database.unit_of_work() as session:
        at = from_ms(other.get("at", T0))
        audit.record(session, origin, action, other.get("target", "dev_a"), at=at, after={"n": 1})


async def _actions(http: httpx.AsyncClient, **query: str | int) -> list[str]:
    answer = await http.get("/v1/audit", params=query)
    return [entry["action"] for entry in answer.json()["items"]]


async def test_entries_come_newest_first_with_everything_about_them(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        await _entry(services, tenant, "device.create")
        await _entry(services, tenant, "device.update")
        entries = (await http.get("/v1/audit")).json()["items"]
        got = (await http.get(f"/v1/audit/{entries[0]['id']}")).json()
    assert [entry["action"] for entry in entries] == ["device.update", "device.create"]
    assert got == entries[0]
    assert got | {"id": ""} == {
        "id": "",
        "at": "2025-11-21T16:00:00.000Z",
        "actor": "key_a",
        "action": "device.update",
        "target": "dev_a",
        "before": None,
        "after": {"n": 1},
        "request_id": "req_1",
        "address": "192.0.2.1",
        "erased": [],
    }


async def test_entries_are_found_by_each_filter(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        await _entry(services, tenant, "a", actor="key_b", at=T0)
        await _entry(services, tenant, "b", target="dev_b", at=T0 + 1000)
        await _entry(services, tenant, "c", at=T0 + 2000)
        assert await _actions(http, action="a") == ["a"]
        assert await _actions(http, actor="key_b") == ["a"]
        assert await _actions(http, target="dev_b") == ["b"]
        assert await _actions(http, start=T0 + 1000) == ["c", "b"]
        assert await _actions(http, end="2025-11-21T16:00:01Z") == ["a"]
        assert await _actions(http, start=T0 + 1000, end=T0 + 2000) == ["b"]
        assert await _actions(http, action="a", target="dev_b") == []


async def test_a_cursor_goes_on_and_belongs_to_its_filters(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        for action in ("a", "b", "a"):
            await _entry(services, tenant, action)
        first = (await http.get("/v1/audit", params={"action": "a", "limit": 1})).json()
        rest = await _actions(http, action="a", limit=1, cursor=first["next"])
        other = await http.get("/v1/audit", params={"action": "b", "cursor": first["next"]})
    assert rest == ["a"]
    assert other.status_code == 400


async def test_start_after_end_is_refused(services: Services) -> None:
    async with signed_in(services) as (http, _):
        answer = await http.get("/v1/audit", params={"start": T0 + 1, "end": T0})
    assert (answer.status_code, answer.json()["code"]) == (422, "start_after_end")


async def test_another_organisations_entries_do_not_exist(services: Services) -> None:
    other = await make_tenant(services.database)
    await _entry(services, other, "device.create")
    async with signed_in(services) as (http, _):
        mine = await _actions(http)
        theirs = (await http.get("/v1/audit", headers=other.headers)).json()["items"]
        answer = await http.get(f"/v1/audit/{theirs[0]['id']}")
    assert mine == []
    assert answer.status_code == 404


async def test_no_route_changes_the_audit(services: Services) -> None:
    paths = create_app(services=services).openapi()["paths"]
    methods = {method for path in paths for method in paths[path] if "audit" in path}
    assert methods == {"get"}


async def test_an_entry_that_is_changed_in_code_raises(services: Services) -> None:
    tenant = await make_tenant(services.database)
    await _entry(services, tenant, "a")
    with pytest.raises(RuntimeError, match="never changed"):
        await _rename(services, tenant)


async def test_an_entry_that_is_removed_in_code_raises(services: Services) -> None:
    tenant = await make_tenant(services.database)
    await _entry(services, tenant, "a")
    with pytest.raises(RuntimeError, match="never changed"):
        await _remove(services, tenant)


async def _rename(services: Services, tenant: Tenant) -> None:
    async with services.database.unit_of_work() as session:
        row = (await session.scalars(scoped(tenant.id, select(AuditEntry)))).one()
        row.action = "b"


async def _remove(services: Services, tenant: Tenant) -> None:
    async with services.database.unit_of_work() as session:
        await session.delete((await session.scalars(scoped(tenant.id, select(AuditEntry)))).one())

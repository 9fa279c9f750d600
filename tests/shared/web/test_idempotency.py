"""A request that is sent again takes effect once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.db import Database
from shared.ids import new_id
from shared.web.idempotency import KEPT, forget
from shared.web.services import Services
from tests.support.builders import Tenant, make_tenant


async def send(
    http: httpx.AsyncClient, tenant: Tenant, key: str, name: str = "a", **more: Any
) -> httpx.Response:
    return await http.post(
        "/v1/made",
        json={"name": name, "more": more},
        headers={**tenant.headers, "Idempotency-Key": key},
    )


async def count(http: httpx.AsyncClient, tenant: Tenant, name: str = "a") -> int:
    return int((await http.get(f"/v1/made/{name}", headers=tenant.headers)).json())


async def test_the_same_request_gets_the_same_answer(
    http: httpx.AsyncClient, tenant: Tenant
) -> None:
    first = await send(http, tenant, "k")
    again = await send(http, tenant, "k")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert "idempotent-replayed" not in first.headers
    assert await count(http, tenant) == 1


async def test_the_same_key_for_another_body_is_a_conflict(
    http: httpx.AsyncClient, tenant: Tenant
) -> None:
    await send(http, tenant, "k")
    other = await send(http, tenant, "k", "b")
    assert other.status_code == 409
    assert await count(http, tenant, "b") == 0


async def test_another_organisation_has_its_own_keys(
    http: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    stranger = await make_tenant(database)
    await send(http, tenant, "k")
    assert (await send(http, stranger, "k", "b")).status_code == 201


async def test_without_a_key_every_request_counts(http: httpx.AsyncClient, tenant: Tenant) -> None:
    for _ in range(2):
        await http.post("/v1/made", json={"name": "a"}, headers=tenant.headers)
    assert await count(http, tenant) == 2


async def test_a_failure_is_not_remembered(http: httpx.AsyncClient, tenant: Tenant) -> None:
    failed = await send(http, tenant, "k", fail=True)
    assert failed.status_code == 409
    assert await count(http, tenant) == 0
    assert (await send(http, tenant, "k")).status_code == 201


async def test_the_same_request_many_times_at_once_takes_effect_once(
    http: httpx.AsyncClient, tenant: Tenant
) -> None:
    answers = await asyncio.gather(*(send(http, tenant, "k") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert {answer.content for answer in answers if answer.status_code == 201} == {
        b'{"name":"a","number":1}'
    }
    assert await count(http, tenant) == 1


async def test_when_the_first_of_many_fails_the_others_are_told_apart(
    http: httpx.AsyncClient, tenant: Tenant
) -> None:
    answers = await asyncio.gather(*(send(http, tenant, "k", fail=True) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {409, 503}
    assert await count(http, tenant) == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_key_that_cannot_be_kept_is_refused(
    http: httpx.AsyncClient, tenant: Tenant, key: str
) -> None:
    assert (await send(http, tenant, key)).status_code == 400
    assert await count(http, tenant) == 0


async def test_what_follows_a_commit_cannot_fail_the_request(
    http: httpx.AsyncClient, tenant: Tenant, services: Services
) -> None:
    name = new_id("name")
    answer = await send(http, tenant, "k", name, follow=True)
    assert answer.status_code == 201
    assert await count(http, tenant, name) == 1
    assert services.draining is False


async def test_old_answers_are_forgotten(
    http: httpx.AsyncClient, tenant: Tenant, services: Services
) -> None:
    await send(http, tenant, "k")
    later = services.clock.now() + KEPT + timedelta(minutes=1)
    while await forget(services.database, later):
        pass
    again = await send(http, tenant, "k")
    assert "idempotent-replayed" not in again.headers
    assert await count(http, tenant) == 2

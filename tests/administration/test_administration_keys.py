import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.clock import SystemClock
from shared.web.services import Services
from tests.administration.signed_in import signed_in
from tests.support.builders import Tenant, make_tenant

READER = {"name": "reader", "scopes": ["devices:read"]}
MANAGER = {"name": "manager", "scopes": ["keys:read", "keys:write"]}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def in_hours(hours: float) -> str:
    return (SystemClock().now() + timedelta(hours=hours)).isoformat()


async def test_a_new_key_works_and_is_shown_once(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        created = (await http.post("/v1/keys", json=MANAGER)).json()
        answer = await http.get("/v1/keys", headers=bearer(created["key"]))
        got = (await http.get(f"/v1/keys/{created['id']}")).json()
    assert answer.status_code == 200
    assert created["key"].startswith(created["prefix"])
    assert created["key"] not in answer.text
    assert "key" not in got
    assert created["scopes"] == ["keys:read", "keys:write"]
    assert tenant.key not in answer.text


async def test_a_repeated_request_makes_no_second_key_and_shows_no_secret(
    services: Services,
) -> None:
    async with signed_in(services) as (http, _):
        first = await http.post("/v1/keys", json=READER, headers={"Idempotency-Key": "once"})
        again = await http.post("/v1/keys", json=READER, headers={"Idempotency-Key": "once"})
        listed = (await http.get("/v1/keys")).json()["items"]
    assert again.status_code == first.status_code == 201
    assert again.json() == first.json() | {"key": None}
    assert len(listed) == 2


async def test_making_a_key_is_in_the_audit_without_its_secret(services: Services) -> None:
    async with signed_in(services) as (http, _):
        created = (await http.post("/v1/keys", json=READER)).json()
        answer = await http.get("/v1/audit")
    entry = answer.json()["items"][0]
    assert (entry["action"], entry["target"]) == ("key.create", created["id"])
    assert entry["after"]["scopes"] == ["devices:read"]
    assert created["key"].removeprefix(created["prefix"]) not in answer.text


async def test_a_key_hands_out_only_what_it_has(services: Services) -> None:
    async with signed_in(services, scopes=["keys:write", "devices:read"]) as (http, _):
        wanted = {"name": "more", "scopes": ["devices:read", "devices:write", "audit:read"]}
        refused = await http.post("/v1/keys", json=wanted)
        given = await http.post("/v1/keys", json=READER)
    assert refused.status_code == 403
    assert refused.json()["scopes"] == ["audit:read", "devices:write"]
    assert given.status_code == 201


async def test_a_key_that_expires_makes_none_that_lives_longer(services: Services) -> None:
    async with signed_in(services) as (http, _):
        short = MANAGER | {"expires_at": in_hours(1)}
        key = bearer((await http.post("/v1/keys", json=short)).json()["key"])
        child = {"name": "child", "scopes": ["keys:read"]}
        forever = await http.post("/v1/keys", json=child, headers=key)
        later = child | {"expires_at": in_hours(2)}
        longer = await http.post("/v1/keys", json=later, headers=key)
        sooner = child | {"expires_at": in_hours(0.5)}
        shorter = await http.post("/v1/keys", json=sooner, headers=key)
    assert (forever.status_code, longer.status_code, shorter.status_code) == (403, 403, 201)
    assert forever.json()["code"] == "outlives"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a", "scopes": []},
        {"name": "a", "scopes": ["everything"]},
        {"name": "a"},
        {"name": "", "scopes": ["devices:read"]},
        {"name": "a", "scopes": ["devices:read"], "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "a", "scopes": ["devices:read"], "expires_at": "2030-01-01T00:00:00"},
        {"name": "a", "scopes": ["devices:read"], "admin": True},
        {"name": "a", "scopes": "devices:read"},
    ],
)
async def test_a_bad_key_is_refused(services: Services, body: Any) -> None:
    async with signed_in(services) as (http, _):
        answer = await http.post("/v1/keys", json=body)
    assert answer.status_code == 422


async def test_a_revoked_key_is_refused_and_stays_listed(services: Services) -> None:
    async with signed_in(services) as (http, _):
        created = (await http.post("/v1/keys", json=MANAGER)).json()
        revoked = await http.delete(f"/v1/keys/{created['id']}")
        again = await http.delete(f"/v1/keys/{created['id']}")
        answer = await http.get("/v1/keys", headers=bearer(created["key"]))
        got = (await http.get(f"/v1/keys/{created['id']}")).json()
        entries = (await http.get("/v1/audit", params={"action": "key.revoke"})).json()["items"]
    assert (revoked.status_code, again.status_code) == (204, 204)
    assert answer.status_code == 401
    assert got["revoked_at"] is not None
    assert [entry["target"] for entry in entries] == [created["id"]]


async def test_the_last_key_that_manages_keys_stays(services: Services) -> None:
    async with signed_in(services) as (http, _):
        own = (await http.get("/v1/keys")).json()["items"][0]["id"]
        await http.post("/v1/keys", json=READER)
        refused = await http.delete(f"/v1/keys/{own}")
        await http.post("/v1/keys", json=MANAGER)
        allowed = await http.delete(f"/v1/keys/{own}")
    assert refused.status_code == 409
    assert refused.json()["code"] == "last_manager"
    assert allowed.status_code == 204


async def test_two_last_managers_do_not_revoke_each_other(services: Services) -> None:
    async with signed_in(services) as (http, _):
        own = (await http.get("/v1/keys")).json()["items"][0]["id"]
        other = (await http.post("/v1/keys", json=MANAGER)).json()
        answers = await asyncio.gather(
            http.delete(f"/v1/keys/{other['id']}"),
            http.delete(f"/v1/keys/{own}", headers=bearer(other["key"])),
        )
    assert sorted(answer.status_code for answer in answers) in ([204, 401], [204, 409])


async def test_keys_are_listed_newest_first_by_pages(services: Services) -> None:
    async with signed_in(services) as (http, _):
        for _ in range(4):
            await http.post("/v1/keys", json=READER)
        everything = (await http.get("/v1/keys")).json()["items"]
        pages = await _pages(http, "/v1/keys", {"limit": "2"})
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [key for page in pages for key in page] == everything


async def test_a_cursor_of_another_list_is_refused(services: Services) -> None:
    async with signed_in(services) as (http, _):
        await http.post("/v1/keys", json=READER)
        await http.post("/v1/keys", json=READER)
        cursor = (await http.get("/v1/keys", params={"limit": 1})).json()["next"]
        elsewhere = await http.get("/v1/audit", params={"cursor": cursor})
        forged = await http.get("/v1/keys", params={"cursor": f"{cursor}A"})
    assert (elsewhere.status_code, forged.status_code) == (400, 400)


async def test_another_organisations_key_does_not_exist(services: Services) -> None:
    other = await _a_key_of(services, await make_tenant(services.database))
    async with signed_in(services) as (http, _):
        got = await http.get(f"/v1/keys/{other}")
        revoked = await http.delete(f"/v1/keys/{other}")
    assert (got.status_code, revoked.status_code) == (404, 404)


async def _a_key_of(services: Services, tenant: Tenant) -> str:
    async with signed_in(services) as (http, _):
        listed = (await http.get("/v1/keys", headers=tenant.headers)).json()
    found: str = listed["items"][0]["id"]
    return found


async def _pages(
    http: httpx.AsyncClient, path: str, query: dict[str, str]
) -> list[list[dict[str, Any]]]:
    pages = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = (await http.get(path, params=query | cursor)).json()
        pages.append(page["items"])
        cursor = {"cursor": page["next"]} if page["next"] else None
    return pages

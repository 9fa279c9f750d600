"""Service accounts: programs with several keys, which end and come back together."""

from typing import Any

import httpx

from shared.web.services import Services
from tests.administration.signed_in import signed_in

ACCOUNTS = "/v1/service-accounts"
MANAGES = ["keys:read", "keys:write"]


async def account(http: httpx.AsyncClient, name: str = "import") -> str:
    made: str = (await http.post(ACCOUNTS, json={"name": name})).json()["id"]
    return made


async def key(http: httpx.AsyncClient, of: str | None, *scopes: str) -> dict[str, Any]:
    wanted = {"name": "spring", "scopes": list(scopes or MANAGES), "service_account": of}
    made: dict[str, Any] = (await http.post("/v1/keys", json=wanted)).json()
    return made


async def use(http: httpx.AsyncClient, made: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {made['key']}"}
    return (await http.get("/v1/keys", headers=headers)).status_code


async def switch(http: httpx.AsyncClient, of: str, *, off: bool, **more: Any) -> httpx.Response:
    return await http.patch(f"{ACCOUNTS}/{of}", json={"disabled": off}, **more)


async def test_a_key_is_replaced_without_a_gap(services: Services) -> None:
    async with signed_in(services) as (http, _):
        of = await account(http)
        first, second = await key(http, of), await key(http, of)
        assert [await use(http, one) for one in (first, second)] == [200, 200]
        await http.delete(f"/v1/keys/{first['id']}")
        assert [await use(http, one) for one in (first, second)] == [401, 200]
        got = (await http.get(f"{ACCOUNTS}/{of}")).json()
    assert got["keys"] == [{"id": second["id"], "name": "spring"}]
    assert second["service_account"] == of


async def test_disabling_ends_all_keys_and_enabling_brings_back_none_revoked(
    services: Services,
) -> None:
    async with signed_in(services) as (http, _):
        of = await account(http)
        made = [await key(http, of), await key(http, of), await key(http, None)]
        await http.delete(f"/v1/keys/{made[0]['id']}")
        off = await switch(http, of, off=True)
        assert off.json()["disabled_at"] is not None
        assert [await use(http, one) for one in made] == [401, 401, 200]
        on = await switch(http, of, off=False)
        assert on.json()["disabled_at"] is None
        assert [await use(http, one) for one in made] == [401, 200, 200]


async def test_each_change_is_in_the_audit_and_a_repeated_one_is_not(services: Services) -> None:
    async with signed_in(services) as (http, _):
        of = await account(http)
        for off in (True, True, False):
            await switch(http, of, off=off)
        await http.patch(f"{ACCOUNTS}/{of}", json={"name": "export"})
        await http.patch(f"{ACCOUNTS}/{of}", json={"name": "export"})
        entries = (await http.get("/v1/audit", params={"target": of})).json()["items"]
    made, off_, on, renamed = reversed(entries)
    assert (made["action"], made["after"]) == ("service_account.create", {"name": "import"})
    assert off_["before"] == {"disabled_at": None}
    assert on["before"] == off_["after"]
    assert on["after"] == {"disabled_at": None}
    assert (renamed["before"], renamed["after"]) == ({"name": "import"}, {"name": "export"})


async def test_names_are_unique_and_a_disabled_account_gets_no_key(services: Services) -> None:
    async with signed_in(services) as (http, _):
        of = await account(http)
        other = await account(http, "export")
        again = await http.post(ACCOUNTS, json={"name": " import "})
        renamed = await http.patch(f"{ACCOUNTS}/{other}", json={"name": "import"})
        assert [one.json()["code"] for one in (again, renamed)] == ["name_taken"] * 2
        await switch(http, of, off=True)
        assert (await key(http, of))["code"] == "service_account_disabled"
        assert (await key(http, "svc_none"))["code"] == "no_such_service_account"
        listed = (await http.get(ACCOUNTS, params={"limit": 1})).json()
        rest = (await http.get(ACCOUNTS, params={"cursor": listed["next"]})).json()
    assert [one["id"] for one in (*listed["items"], *rest["items"])] == [other, of]


async def test_no_key_disables_the_last_that_manages_or_enables_more_than_it_has(
    services: Services,
) -> None:
    async with signed_in(services) as (http, _):
        of = await account(http)
        own = (await http.get("/v1/keys")).json()["items"][0]["id"]
        held = await key(http, of)
        by_held = {"Authorization": f"Bearer {held['key']}"}
        await http.delete(f"/v1/keys/{own}", headers=by_held)
        last = await switch(http, of, off=True, headers=by_held)
        assert (last.status_code, last.json()["code"]) == (409, "last_manager")
    async with signed_in(services) as (http, _):
        of = await account(http)
        await key(http, of, "devices:write")
        less = await key(http, None)
        await switch(http, of, off=True)
        by_less = {"Authorization": f"Bearer {less['key']}"}
        more = await switch(http, of, off=False, headers=by_less)
        assert (more.status_code, more.json()["code"]) == (403, "scopes_exceeded")

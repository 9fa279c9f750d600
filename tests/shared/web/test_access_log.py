"""The line that each request leaves in the log: which app, from where, who, what became of it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared.db.scope import scoped
from shared.models import ApiKey
from shared.telemetry import logs
from shared.web.cookies import SESSION
from shared.web.services import Services
from tests.support.builders import Tenant, make_tenant
from tests.support.logged import Lines, logged, of_requests
from tests.support.people import add_member, make_person, sign_in

PATH = "/v1/made/x"


@pytest.fixture
def lines() -> Iterator[Lines]:
    with logged() as found:
        yield found


async def public_id(services: Services, tenant: Tenant) -> str:
    """Of the organisation's key."""
    async with services.database.read() as session:
        keys = await session.scalars(scoped(tenant.id, select(ApiKey.public_id)))
        return keys.one()


def only(lines: Lines) -> dict[str, Any]:
    (line,) = of_requests(lines)
    return line


async def test_it_says_which_app_from_where_and_whose_key(
    http: httpx.AsyncClient, tenant: Tenant, services: Services, lines: Lines
) -> None:
    await http.get(PATH, headers=tenant.headers)
    line = only(lines)
    said = {name: line[name] for name in ("app", "address", "who", "status", "path")}
    assert said == {
        "app": "things",
        "address": "127.0.0.1",
        "who": await public_id(services, tenant),
        "status": 200,
        "path": PATH,
    }
    assert "problem" not in line
    assert tenant.key[-20:] not in str(lines())


async def test_a_key_that_is_wrong_is_nobodys(
    http: httpx.AsyncClient, tenant: Tenant, lines: Lines
) -> None:
    secret = tenant.key[:-1] + ("A" if tenant.key[-1] != "A" else "B")
    await http.get(PATH, headers={"Authorization": f"Bearer {secret}"})
    line = only(lines)
    assert (line["status"], line["problem"], line["address"]) == (
        401,
        "unauthenticated",
        "127.0.0.1",
    )
    assert "who" not in line
    assert secret[-20:] not in str(lines())


async def test_a_key_without_the_right_is_named_with_its_refusal(
    http: httpx.AsyncClient, services: Services, lines: Lines
) -> None:
    tenant = await make_tenant(services.database, scopes=["devices:read"])
    await http.get(PATH, headers=tenant.headers)
    line = only(lines)
    assert (line["status"], line["problem"]) == (403, "forbidden")
    assert line["who"] == await public_id(services, tenant)


async def test_a_person_is_named_by_their_id_alone(
    http: httpx.AsyncClient, tenant: Tenant, services: Services, lines: Lines
) -> None:
    person = await make_person(services.database)
    await add_member(services.database, tenant, person, "viewer")
    made = await sign_in(services.database, person, services.clock.now(), "things")
    await http.get(PATH, headers={"Cookie": f"{SESSION}={made.token}"})
    line = only(lines)
    assert (line["status"], line["who"]) == (403, person.public_id)
    assert person.email not in str(lines())
    assert made.token not in str(lines())


@pytest.mark.parametrize(
    ("headers", "body", "status", "problem"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, b"{}", 403, "forged"),
        ({"Cookie": f"{SESSION}=stolen"}, b"{}", 403, "forged"),
        ({}, b'{"name": 1, "evil": 2}', 422, "invalid"),
        ({}, b"{", 400, "not_json"),
        ({"X-Many": "x" * 40_000}, b"{}", 431, "headers_too_large"),
        ({}, b"x" * 2_000_000, 413, "too_large"),
    ],
)
async def test_what_was_tried_is_said_with_its_refusal(
    *,
    http: httpx.AsyncClient,
    lines: Lines,
    headers: dict[str, str],
    body: bytes,
    status: int,
    problem: str,
) -> None:
    sent = {"Content-Type": "application/json"} | headers
    await http.post("/v1/echo", content=body, headers=sent)
    line = only(lines)
    assert (line["status"], line["problem"]) == (status, problem)
    assert (line["app"], line["address"]) == ("things", "127.0.0.1")
    assert "stolen" not in str(lines())


async def test_who_one_request_was_of_is_not_said_of_the_next(
    http: httpx.AsyncClient, tenant: Tenant, lines: Lines
) -> None:
    await asyncio.gather(http.get(PATH, headers=tenant.headers), http.get("/v1/things/x"))
    assert sorted("who" in line for line in of_requests(lines)) == [False, True]
    logs.bind(who="nobody")
    await http.get("/v1/things/x")
    assert "who" not in of_requests(lines)[-1]

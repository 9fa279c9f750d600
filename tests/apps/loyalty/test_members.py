from typing import Any

import pytest
from sqlalchemy import select

from apps.loyalty.main import create_app
from shared.db import scoped
from shared.models import AuditEntry
from tests.apps.loyalty.conftest import RULE, Loyalty
from tests.support.builders import make_tenant
from tests.support.contract import check_contract
from tests.support.databases import on_mariadb
from tests.support.http import client
from tests.support.isolation import operations, statuses
from tests.support.until import until


async def test_a_member_comes_back_as_it_was_made(loyalty: Loyalty) -> None:
    body = {"programme": loyalty.programme, "name": "Ada", "tags": ["b", "a"]}
    made = await loyalty.post("/v1/members", body)
    assert made["id"].startswith("mbr_")
    assert made["tags"] == ["a", "b"]
    assert await loyalty.get(f"/v1/members/{made['id']}") == made


async def test_many_members_are_made_at_once_or_none(loyalty: Loyalty) -> None:
    many = [{"name": f"member {number}", "tags": [f"T{number}"]} for number in range(60)]
    body = {"programme": loyalty.programme, "members": many}
    made = await loyalty.post("/v1/members/batch", body)
    assert [member["tags"] for member in made["items"]] == [one["tags"] for one in many]
    again = {"programme": loyalty.programme, "members": [{"tags": ["new"]}, {"tags": ["T7"]}]}
    problem = await loyalty.post("/v1/members/batch", again, expect=409)
    assert problem["tags"] == ["T7"]
    assert (await loyalty.get("/v1/members", tag="new"))["items"] == []


async def test_members_are_listed_in_pages_and_found_by_tag(loyalty: Loyalty) -> None:
    made = [await loyalty.member(f"T{number}") for number in range(5)]
    listed: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        page = await loyalty.get("/v1/members", programme=loyalty.programme, limit=2, **cursor)
        listed += [member["id"] for member in page["items"]]
        cursor = {"cursor": page["next"]}
    assert listed == made
    assert page["next"] is None
    found = await loyalty.get("/v1/members", tag="T3")
    assert [member["id"] for member in found["items"]] == [made[3]]


async def test_a_tag_belongs_to_one_member_of_a_programme(loyalty: Loyalty) -> None:
    first, second = await loyalty.member("TAG-9"), await loyalty.member()
    problem = await loyalty.post(f"/v1/members/{second}/tags", {"tag": "TAG-9"}, expect=409)
    assert problem["code"] == "tag_taken"
    again = await loyalty.post(f"/v1/members/{first}/tags", {"tag": "TAG-9"}, expect=200)
    assert again["tags"] == ["TAG-9"]
    other = (await loyalty.post("/v1/programmes", {"name": "Other"}))["id"]
    await loyalty.member("TAG-9", programme=other)


async def test_a_tag_with_any_sign_can_be_removed(loyalty: Loyalty) -> None:
    member = await loyalty.member("a/b ?#%ü")
    await loyalty.delete(f"/v1/members/{member}/tags/a%2Fb%20%3F%23%25%C3%BC")
    assert (await loyalty.get(f"/v1/members/{member}"))["tags"] == []
    await loyalty.delete(f"/v1/members/{member}/tags/none", expect=404)


@pytest.mark.parametrize(
    "fields",
    [
        {"points_per_unit": "0"},
        {"points_per_unit": "-1"},
        {"points_per_unit": "1000001"},
        {"points_per_unit": "0.0000000000001"},
        {"points_per_unit": "NaN"},
        {"points_per_unit": True},
        {"rounding": "sideways"},
        {"event": "Session"},
        {"field": ""},
        {"starts_at": 2000, "ends_at": 2000},
        {"surprise": 1},
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(
    loyalty: Loyalty, fields: dict[str, Any]
) -> None:
    body = RULE | {"programme": loyalty.programme} | fields
    await loyalty.post("/v1/rules", body, expect=422)


async def test_a_rule_comes_back_as_it_was_made(loyalty: Loyalty) -> None:
    rule = await loyalty.rule(points_per_unit="0.10", starts_at="2014-01-01T00:00:00Z")
    found = await loyalty.get(f"/v1/rules/{rule}")
    assert found["points_per_unit"] == "0.1"
    assert found["starts_at"] == "2014-01-01T00:00:00.000Z"
    assert (await loyalty.get("/v1/rules"))["items"] == [found]


async def test_changes_are_audited(loyalty: Loyalty) -> None:
    rule = await loyalty.rule()
    member = await loyalty.member()
    await loyalty.post(f"/v1/members/{member}/tags", {"tag": "TAG-9"}, expect=200)
    await loyalty.delete(f"/v1/members/{member}/tags/TAG-9")
    gift = {"points": 5, "reason": "gift"}
    await loyalty.post(f"/v1/members/{member}/adjustments", gift)
    await loyalty.delete(f"/v1/rules/{rule}")
    async with loyalty.services.database.read() as session:
        wanted = scoped(loyalty.tenant.id, select(AuditEntry).order_by(AuditEntry.id))
        found = [(entry.action, entry.target) for entry in await session.scalars(wanted)]
    assert found == [
        ("programme.create", loyalty.programme),
        ("rule.create", rule),
        ("member.create", member),
        ("member.add_tag", member),
        ("member.remove_tag", member),
        ("member.adjust", member),
        ("rule.delete", rule),
    ]


async def test_no_route_answers_a_stranger(loyalty: Loyalty) -> None:
    ids = {"programme_id": loyalty.programme, "rule_id": await loyalty.rule(), "tag": "TAG-9"}
    ids["member_id"] = await loyalty.member("TAG-9")
    calls = operations(create_app(services=loyalty.services), ids)
    no_scope = await make_tenant(loyalty.services.database, scopes=["devices:read"])
    assert len(calls) == 16
    assert set((await statuses(loyalty.http, calls, None)).values()) == {401}
    assert set((await statuses(loyalty.http, calls, no_scope)).values()) == {403}


async def test_what_another_organisation_has_does_not_exist(loyalty: Loyalty) -> None:
    rule, member = await loyalty.rule(), await loyalty.member("TAG-9")
    stranger = await make_tenant(loyalty.services.database)
    calls = [("GET", f"/v1/programmes/{loyalty.programme}")]
    calls += [(method, f"/v1/rules/{rule}") for method in ("GET", "DELETE")]
    calls += [("GET", f"/v1/members/{member}{part}") for part in ("", "/balance", "/entries")]
    calls += [("DELETE", f"/v1/members/{member}/tags/TAG-9")]
    calls += [("GET", f"/v1/members?programme={loyalty.programme}")]
    assert set((await statuses(loyalty.http, calls, stranger)).values()) == {404}
    bodies: dict[str, Any] = {
        "/v1/rules": RULE | {"programme": loyalty.programme},
        "/v1/members": {"programme": loyalty.programme},
        "/v1/members/batch": {"programme": loyalty.programme, "members": [{}]},
        f"/v1/members/{member}/tags": {"tag": "theirs"},
        f"/v1/members/{member}/adjustments": {"points": 5, "reason": "gift"},
    }
    for path, body in bodies.items():
        answer = await loyalty.http.post(path, json=body, headers=stranger.headers)
        assert answer.status_code == 404, path
    assert await loyalty.points(member) == 0


async def test_the_workers_of_the_app_award_without_being_asked(loyalty: Loyalty) -> None:
    await loyalty.commit(loyalty.session())
    async with client(create_app(services=loyalty.services)) as http:
        headers = loyalty.tenant.headers
        body: dict[str, Any] = RULE | {"programme": loyalty.programme}
        await http.post("/v1/rules", json=body, headers=headers)
        body = {"programme": loyalty.programme, "tags": ["TAG-9"]}
        made = await http.post("/v1/members", json=body, headers=headers)
        path = f"/v1/members/{made.json()['id']}/balance"

        async def has_points() -> bool:
            return bool((await http.get(path, headers=headers)).json()["points"] == 15)

        await until(has_points, "the points")


@on_mariadb
async def test_the_app_keeps_its_word(loyalty: Loyalty) -> None:
    await check_contract(create_app(services=loyalty.services), loyalty.tenant.headers)

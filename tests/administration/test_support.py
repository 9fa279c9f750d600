"""Support comes in while an organisation lets it, and no longer."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shared.auth import sessions
from shared.db import scoped
from shared.models import AuditEntry, Person, SupportGrant
from shared.web import cookies
from shared.web.services import Services
from tests.support.browsing import Browser, at, make_apps
from tests.support.builders import Tenant, make_tenant
from tests.support.people import (
    LIFETIMES,
    MadePerson,
    add_member,
    make_member,
    make_person,
    sign_in,
)

HOST = "administration.fortress.localhost"


@dataclass
class Scene:
    """An organisation with an owner, and a person of support, each with a browser."""

    services: Services
    tenant: Tenant
    owner: Browser
    helper: Browser
    person: MadePerson

    async def let_in(self, role: str = "viewer", hours: str = "8") -> None:
        page = await self.owner.open("administration", "/support")
        page = await self.owner.send(page, "/support", {"role": role, "hours": hours})
        assert page.status == 200, page.text

    async def switch(self) -> int:
        page = await self.helper.open("administration", "/account")
        if "/organisation" not in page.forms:
            return 404
        chosen = {"organisation": self.tenant.public_id, "return": "/"}
        return (await self.helper.send(page, "/organisation", chosen)).status

    async def sees(self, path: str = "/v1/organisations") -> int:
        return (await self.helper.request("GET", at("administration", path))).status_code


@pytest.fixture
async def scene(services: Services) -> Scene:
    tenant = await make_tenant(services.database)
    owner, _ = await make_member(services.database, tenant, "owner")
    person = await make_person(services.database)
    now = services.clock.now()
    async with services.database.unit_of_work() as session:
        change = update(Person).where(Person.id == person.id)
        await session.execute(change.values(support_since=now))
    apps = make_apps(services, "administration", "api")
    browsers = []
    for each in (owner, person):
        made = await sign_in(services.database, each, now)
        browsers.append(Browser(apps, {HOST: {cookies.SESSION: made.token}}))
    return Scene(services, tenant, browsers[0], browsers[1], person)


async def test_nobody_of_support_sees_an_organisation_by_themselves(scene: Scene) -> None:
    assert await scene.switch() == 404
    assert await scene.sees() == 403


async def test_support_that_is_let_in_switches_there_and_every_page_says_so(scene: Scene) -> None:
    await scene.let_in()
    assert await scene.switch() == 200
    theirs = await scene.helper.open("administration", "/roles")
    ours = await scene.owner.open("administration", "/roles")
    assert "You are in this organisation as support." in theirs.text
    assert "Support may see this organisation." in ours.text
    assert await scene.sees() == 200


async def test_who_is_not_of_support_is_not_let_in(scene: Scene) -> None:
    await scene.let_in()
    await scene.switch()
    async with scene.services.database.unit_of_work() as session:
        change = update(Person).where(Person.id == scene.person.id)
        await session.execute(change.values(support_since=None))
    assert await scene.sees() == 403


async def test_it_ends_when_the_organisation_ends_it(scene: Scene) -> None:
    await scene.let_in()
    await scene.switch()
    page = await scene.owner.open("administration", "/support")
    action = next(action for action in page.forms if action.endswith("/end"))
    await scene.owner.send(page, action)
    assert await scene.sees() == 403
    assert "Support may see" not in (await scene.owner.open("administration", "/roles")).text


async def test_it_ends_by_itself(scene: Scene) -> None:
    await scene.let_in(hours="1")
    await scene.switch()
    async with scene.services.database.unit_of_work() as session:
        ended = scene.services.clock.now() - timedelta(seconds=1)
        change = scoped(scene.tenant.id, update(SupportGrant)).values(expires_at=ended)
        await session.execute(change)
    assert await scene.sees() == 403


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 201)])
async def test_support_does_what_its_role_may_and_the_audit_says_who(
    scene: Scene, role: str, status: int
) -> None:
    await scene.let_in(role)
    await scene.switch()
    made = await sign_in(
        scene.services.database, scene.person, scene.services.clock.now(), app="api"
    )
    async with scene.services.database.unit_of_work() as session:
        now = scene.services.clock.now()
        found = await sessions.find(session, made.token, "api", now, lifetimes=LIFETIMES)
        assert found is not None
        assert await sessions.choose(session, found, scene.tenant.public_id, now)
    scene.helper.jar["api.fortress.localhost"] = {cookies.SESSION: made.token}
    page = await scene.helper.open("api")
    token = page.fields("/sign-out")["csrf"]
    answer = await scene.helper.request(
        "POST",
        at("api", "/v1/devices"),
        json={"uid": "a"},
        headers={"sec-fetch-site": "same-origin", "x-csrf-token": token},
    )
    async with scene.services.database.read() as session:
        query = select(AuditEntry.actor).where(AuditEntry.action == "device.create")
        actors = (await session.scalars(scoped(scene.tenant.id, query))).all()
    assert answer.status_code == status
    assert list(actors) == [f"support:{scene.person.public_id}"] * (status == 201)


async def test_the_audit_says_once_that_support_came_in(scene: Scene) -> None:
    await scene.let_in()
    await scene.switch()
    await scene.switch()
    async with scene.services.database.read() as session:
        query = select(AuditEntry.actor, AuditEntry.target, AuditEntry.after)
        query = query.where(AuditEntry.action == "support.come_in")
        entries = (await session.execute(scoped(scene.tenant.id, query))).all()
    came = (f"support:{scene.person.public_id}", scene.tenant.public_id, {"app": "administration"})
    assert [tuple(entry) for entry in entries] == [came]


async def test_a_member_of_support_leaves_no_such_entry_at_home(scene: Scene) -> None:
    await scene.let_in()
    await add_member(scene.services.database, scene.tenant, scene.person, "viewer")
    assert await scene.switch() == 200
    async with scene.services.database.read() as session:
        query = select(AuditEntry.id).where(AuditEntry.action == "support.come_in")
        assert (await session.scalars(scoped(scene.tenant.id, query))).all() == []


async def test_support_lets_itself_in_nowhere_and_sees_no_people(scene: Scene) -> None:
    await scene.let_in("operator")
    await scene.switch()
    assert [await scene.sees(path) for path in ("/support", "/people", "/audit")] == [403] * 3


@pytest.mark.parametrize("typed", [{"role": "owner"}, {"hours": "73"}])
async def test_no_other_role_and_no_longer_time_is_given(
    scene: Scene, typed: dict[str, str]
) -> None:
    page = await scene.owner.open("administration", "/support")
    answer = await scene.owner.send(page, "/support", {"role": "viewer", "hours": "8"} | typed)
    assert (answer.status, "choose" in answer.text) == (422, True)
    assert await scene.switch() == 404


async def test_a_second_grant_takes_the_place_of_the_first(scene: Scene) -> None:
    await scene.let_in("operator", "72")
    await scene.let_in("viewer", "1")
    page = await scene.owner.open("administration", "/support")
    assert len([action for action in page.forms if action.endswith("/end")]) == 1


async def test_the_live_stream_of_support_ends_with_the_grant(scene: Scene) -> None:
    await scene.let_in()
    services, now = scene.services, scene.services.clock.now()
    made = await sign_in(services.database, scene.person, now)
    arguments = (scene.tenant.id, [made.id], "readings:read")
    async with services.database.read() as session:
        during = await sessions.allowed(session, *arguments, now, lifetimes=LIFETIMES)
        later = now + timedelta(hours=9)
        after = await sessions.allowed(session, *arguments, later, lifetimes=LIFETIMES)
    assert (during, after) == ({made.id}, set())

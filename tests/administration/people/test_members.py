"""Members: who they are, other roles, and no longer being one."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shared.db import scoped
from shared.models import Membership, Person
from tests.administration.people.conftest import Office, on_one_database
from tests.support.browsing import Browser, Page
from tests.support.builders import make_tenant
from tests.support.people import add_member, make_person

SCRIPT = "<script>alert(1)</script>"


async def act(office: Office, membership: str, what: str, **typed: str) -> Page:
    """What the owner does on the page of a member."""
    page = await office.owner.open("administration", f"/people/{membership}")
    return await office.owner.send(page, f"/people/{membership}/{what}", typed)


async def role_of(office: Office, membership: str) -> str | None:
    query = select(Membership.role).where(Membership.public_id == membership)
    async with office.services.database.read() as session:
        return await session.scalar(scoped(office.home.tenant.id, query))


async def own(office: Office) -> str:
    """The owner's membership."""
    query = select(Membership.public_id).where(Membership.person_id == office.home.person.id)
    async with office.services.database.read() as session:
        return (await session.scalars(scoped(office.home.tenant.id, query))).one()


async def opened(browser: Browser, path: str = "/people") -> Page:
    return await browser.open("administration", path)


async def test_members_are_listed_with_role_and_when_they_were_seen(office: Office) -> None:
    person, membership = await office.member("analyst")
    listed = (await opened(office.owner)).text
    assert person.email in listed
    assert f'href="/people/{membership}"' in listed
    assert "<td>analyst</td>" in listed
    assert "<td>never</td>" in listed
    assert listed.count("</time> UTC") == 1


async def test_a_member_gets_another_role(office: Office) -> None:
    _, membership = await office.member()
    assert (await act(office, membership, "role", role="finance")).path == f"/people/{membership}"
    assert await role_of(office, membership) == "finance"
    entry = (await office.audited("member.role"))[-1]
    assert (entry.before, entry.after) == ({"role": "viewer"}, {"role": "finance"})


async def test_a_member_gets_a_role_of_the_organisations_own(office: Office) -> None:
    _, membership = await office.member()
    role = await office.custom("usage:read", name="meter reader")
    await act(office, membership, "role", role=role)
    assert "<td>meter reader</td>" in (await opened(office.owner)).text


@on_one_database
@pytest.mark.parametrize("role", ["", "boss", SCRIPT, "role_01JD3V3Q8X0000000000000000"])
async def test_a_role_that_is_not_there_is_said_so(office: Office, role: str) -> None:
    _, membership = await office.member()
    page = await act(office, membership, "role", role=role)
    assert page.status == 422
    assert SCRIPT not in page.text
    assert await role_of(office, membership) == "viewer"


async def test_who_is_removed_is_out_at_once(office: Office) -> None:
    person, membership = await office.member("administrator")
    browser = await office.signed_in(person)
    assert (await opened(browser)).status == 200
    assert (await act(office, membership, "remove")).path == "/people"
    assert (await opened(browser)).status == 403
    entry = (await office.audited("member.remove"))[-1]
    assert entry.before == {"person": person.public_id, "role": "administrator"}


async def test_a_member_leaves_and_sees_another_organisation(office: Office) -> None:
    person, membership = await office.member()
    other = await make_tenant(office.services.database)
    await add_member(office.services.database, other, person, "owner")
    browser = await office.signed_in(person)
    page = await browser.send(await opened(browser, "/leave"), "/leave")
    assert (page.status, page.path) == (200, "/")
    assert await role_of(office, membership) is None
    assert (await opened(browser)).status == 200
    assert (await office.audited("member.leave"))[-1].actor == person.public_id


async def test_the_last_owner_stays(office: Office) -> None:
    page = await act(office, await own(office), "role", role="viewer")
    assert page.status == 409
    assert "somebody else an owner first" in page.text
    page = await office.owner.send(await opened(office.owner, "/leave"), "/leave")
    assert page.status == 409


@on_one_database
@pytest.mark.parametrize("what", ["role", "remove", "disable", "enable"])
async def test_an_administrator_does_nothing_to_an_owner(office: Office, what: str) -> None:
    person, _ = await office.member("administrator")
    browser = await office.signed_in(person)
    path = f"/people/{await own(office)}/{what}"
    assert (await office.post(browser, path, role="viewer")).status == 403
    assert await role_of(office, await own(office)) == "owner"


@on_one_database
async def test_nobody_gives_more_than_they_have(office: Office) -> None:
    person, mine = await office.member("administrator")
    browser = await office.signed_in(person)
    assert (await office.post(browser, f"/people/{mine}/role", role="owner")).status == 403


@on_one_database
@pytest.mark.parametrize("what", ["", "/role", "/remove", "/disable", "/enable"])
async def test_members_of_another_organisation_are_not_there(office: Office, what: str) -> None:
    other = await make_tenant(office.services.database)
    person = await make_person(office.services.database)
    theirs = await add_member(office.services.database, other, person, "viewer")
    if what:
        page = await office.post(office.owner, f"/people/{theirs}{what}", role="finance")
    else:
        page = await opened(office.owner, f"/people/{theirs}")
    assert page.status == 404


async def test_who_is_disabled_is_signed_out_at_once_and_cannot_come_in(office: Office) -> None:
    person, membership = await office.member()
    browser = await office.signed_in(person)
    await act(office, membership, "disable")
    assert (await opened(browser, "/account")).path == "/sign-in"
    again = await office.signed_in(person)
    assert (await opened(again, "/account")).path == "/sign-in"
    await act(office, membership, "enable")
    assert (await opened(await office.signed_in(person), "/account")).path == "/account"
    assert [len(await office.audited(f"person.{what}")) for what in ("disable", "enable")] == [1, 1]


async def test_who_belongs_to_others_too_is_not_disabled(office: Office) -> None:
    person, membership = await office.member()
    other = await make_tenant(office.services.database)
    await add_member(office.services.database, other, person, "viewer")
    assert (await act(office, membership, "disable")).status == 409


@on_one_database
async def test_nobody_disables_themselves(office: Office) -> None:
    path = f"/people/{await own(office)}/disable"
    assert (await office.post(office.owner, path)).status == 409


@on_one_database
@pytest.mark.parametrize("what", ["role", "remove", "disable", "enable"])
async def test_changes_of_members_want_a_fresh_factor(office: Office, what: str) -> None:
    _, membership = await office.member()
    browser = await office.signed_in(office.home.person, ago=timedelta(hours=1))
    page = await office.post(browser, f"/people/{membership}/{what}", role="finance")
    assert page.status == 303
    assert page.answer.headers["location"].startswith("/confirm?")
    assert await role_of(office, membership) == "viewer"


@on_one_database
async def test_script_in_names_is_text(office: Office) -> None:
    person, membership = await office.member()
    async with office.services.database.unit_of_work() as session:
        await session.execute(update(Person).where(Person.id == person.id).values(name=SCRIPT))
    for path in ("/people", f"/people/{membership}"):
        page = await opened(office.owner, path)
        assert "&lt;script&gt;" in page.text
        assert SCRIPT not in page.text


@on_one_database
async def test_a_viewer_sees_roles_and_no_people(office: Office) -> None:
    person, _ = await office.member()
    browser = await office.signed_in(person)
    assert [(await opened(browser, path)).status for path in ("/roles", "/people")] == [200, 403]

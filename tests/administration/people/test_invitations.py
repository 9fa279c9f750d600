"""Invitations: from the letter to the first page, and all that can be wrong with one."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shared.auth.permissions import ROLES
from shared.db import scoped
from shared.ids import new_id
from shared.models import Invitation, Membership, Organisation, Person, Role
from tests.administration.people.conftest import Office, on_one_database
from tests.support.browsing import Browser, Page
from tests.support.builders import make_tenant
from tests.support.people import add_member, make_person

NEW = "eleven slow boats go home"
SCRIPT = "<script>alert(1)</script>"


def an_address() -> str:
    return f"{new_id('p').lower()}@example.com"


async def invite(office: Office, email: str, role: str = "viewer") -> Page:
    page = await office.owner.open("administration", "/invitations")
    return await office.owner.send(page, "/invitations", {"email": email, "role": role})


async def invited(office: Office, role: str = "viewer") -> tuple[str, str]:
    """Somebody without an account, and the path of their link."""
    email = an_address()
    assert (await invite(office, email, role)).status == 200
    return email, await office.link(email)


async def join(browser: Browser, link: str, **typed: str) -> Page:
    page = await browser.open("administration", link)
    return await browser.send(page, "/join", typed)


async def person(office: Office, email: str) -> Person:
    async with office.services.database.read() as session:
        return (await session.scalars(select(Person).where(Person.email == email))).one()


async def role_of(office: Office, email: str) -> str | None:
    query = select(Membership.role).join(Person).where(Person.email == email)
    async with office.services.database.read() as session:
        return await session.scalar(scoped(office.home.tenant.id, query))


async def test_who_is_invited_chooses_a_password_and_sees_the_first_page(office: Office) -> None:
    email, link = await invited(office, "analyst")
    page = await join(office.home.browser(), link, name="Ann", password=NEW)
    assert (page.status, page.path) == (200, "/")
    assert "Ann" in page.text
    assert await role_of(office, email) == "analyst"
    assert (await person(office, email)).mail_proved_at is not None
    actions = [(await office.audited(f"invitation.{what}"))[-1] for what in ("create", "accept")]
    assert actions[0].actor == office.home.person.public_id
    assert actions[1].actor == (await person(office, email)).public_id


async def test_an_invitation_is_good_once(office: Office) -> None:
    _, link = await invited(office)
    browser = office.home.browser()
    first = await browser.open("administration", link)
    await join(office.home.browser(), link, name="Ann", password=NEW)
    assert (await browser.send(first, "/join", {"name": "Bob", "password": NEW})).status == 410
    assert (await office.home.browser().open("administration", link)).status == 410


async def test_of_two_who_join_at_once_by_one_invitation_one_does(office: Office) -> None:
    email, link = await invited(office)
    browsers = [office.home.browser() for _ in range(2)]
    pages = [await browser.open("administration", link) for browser in browsers]
    typed = {"name": "Ann", "password": NEW}
    sent = [
        browser.send(page, "/join", typed) for browser, page in zip(browsers, pages, strict=True)
    ]
    first, second = sorted(page.status for page in await asyncio.gather(*sent))
    assert first == 200
    assert second in (409, 410)
    assert await role_of(office, email) == "viewer"


@on_one_database
async def test_script_in_an_organisations_name_is_text_in_its_letters(office: Office) -> None:
    name = f"{SCRIPT}\r\nBcc: all@example.com"
    tenant = office.home.tenant.id
    async with office.services.database.unit_of_work() as session:
        mine = update(Organisation).where(Organisation.id == tenant)
        await session.execute(mine.values(name=name))
    email, link = await invited(office)
    letter = (await office.to(email))[-1]
    assert "\n" not in letter.subject
    assert SCRIPT not in letter.html
    for page in (
        await office.home.browser().open("administration", link),
        await office.owner.open("administration", "/leave"),
    ):
        assert SCRIPT not in page.text
        assert "&lt;script&gt;" in page.text


async def test_looking_at_an_invitation_changes_nothing(office: Office) -> None:
    email, link = await invited(office)
    for _ in range(3):
        assert (await office.home.browser().open("administration", link)).status == 200
    assert await role_of(office, email) is None


async def test_who_has_an_account_signs_in_first_and_joins_with_one_button(office: Office) -> None:
    other = await make_person(office.services.database)
    await invite(office, other.email, "finance")
    link = await office.link(other.email)
    told = await office.home.browser().open("administration", link)
    assert told.status == 409
    assert "You have an account already" in told.text
    assert "/sign-in?return=%2Fjoin" in told.text
    browser = await office.signed_in(other)
    page = await join(browser, link)
    assert (page.status, page.path) == (200, "/")
    assert await role_of(office, other.email) == "finance"
    # What they look at is what they were invited to.
    assert (await browser.open("administration", "/leave")).status == 200


async def test_an_invitation_for_another_address_is_refused(office: Office) -> None:
    email, link = await invited(office)
    other, _ = await office.member()
    page = await (await office.signed_in(other)).open("administration", link)
    assert page.status == 409
    assert "This invitation is for another address" in page.text
    assert await role_of(office, email) is None


async def test_nobody_takes_over_an_account_by_an_invitation(office: Office) -> None:
    """The form of somebody who has none, sent for an address that has one by now."""
    email, link = await invited(office)
    browser = office.home.browser()
    page = await browser.open("administration", link)
    async with office.services.database.unit_of_work() as session:
        at = office.services.clock.now()
        session.add(Person(email=email, name="First", created_at=at))
    assert (await browser.send(page, "/join", {"name": "X", "password": NEW})).status == 409
    assert (await person(office, email)).password_hash is None


async def test_a_revoked_invitation_is_over(office: Office) -> None:
    _, link = await invited(office)
    page = await office.owner.open("administration", "/invitations")
    action = next(each for each in page.forms if each.endswith("/revoke"))
    page = await office.owner.send(page, action)
    assert "There are none." in page.text
    assert (await office.home.browser().open("administration", link)).status == 410
    entry = (await office.audited("invitation.revoke"))[-1]
    assert entry.before == {"revoked_at": None}


async def test_one_that_is_sent_again_has_another_link(office: Office) -> None:
    email, first = await invited(office)
    page = await office.owner.open("administration", "/invitations")
    await office.owner.send(page, next(each for each in page.forms if each.endswith("/send")))
    second = await office.link(email)
    assert second != first
    assert (await office.home.browser().open("administration", first)).status == 410
    assert (await office.home.browser().open("administration", second)).status == 200


@on_one_database
async def test_one_that_expired_is_over_and_can_be_sent_again(office: Office) -> None:
    email, link = await invited(office)
    async with office.services.database.unit_of_work() as session:
        await session.execute(
            scoped(office.home.tenant.id, update(Invitation)).values(
                expires_at=office.services.clock.now()
            )
        )
    assert (await office.home.browser().open("administration", link)).status == 410
    page = await office.owner.open("administration", "/invitations")
    assert "expired" in page.text
    await office.owner.send(page, next(each for each in page.forms if each.endswith("/send")))
    assert (
        await office.home.browser().open("administration", await office.link(email))
    ).status == 200


async def test_a_role_that_is_gone_makes_an_invitation_useless(office: Office) -> None:
    email, link = await invited(office)
    async with office.services.database.unit_of_work() as session:
        mine = scoped(office.home.tenant.id, update(Invitation))
        await session.execute(mine.values(role="role_01JD3V3Q8X0000000000000000"))
    page = await join(office.home.browser(), link, name="Ann", password=NEW)
    assert page.status == 410
    assert await role_of(office, email) is None


@on_one_database
@pytest.mark.parametrize("role", ["", "Owner", "role_01JD3V3Q8X0000000000000000", SCRIPT])
async def test_a_role_that_is_not_there_is_not_given(office: Office, role: str) -> None:
    page = await invite(office, an_address(), role)
    assert page.status == 422
    assert 'id="role-error"' in page.text
    assert SCRIPT not in page.text


@on_one_database
async def test_the_role_of_another_organisation_is_not_given(office: Office) -> None:
    other = await make_tenant(office.services.database)
    at = office.services.clock.now()
    role = Role(org_id=other.id, name="own", permissions=["usage:read"], created_at=at)
    async with office.services.database.unit_of_work() as session:
        session.add(role)
    assert (await invite(office, an_address(), role.public_id)).status == 422


@on_one_database
async def test_nobody_invites_to_more_than_they_may_do(office: Office) -> None:
    admin, _ = await office.member("administrator")
    browser = await office.signed_in(admin)
    page = await browser.open("administration", "/invitations")
    assert '<option value="owner"' not in page.text
    sent = {"email": an_address(), "role": "owner"}
    assert (await browser.send(page, "/invitations", sent)).status == 403


@on_one_database
async def test_inviting_wants_a_fresh_factor(office: Office) -> None:
    browser = await office.signed_in(office.home.person, ago=timedelta(hours=1))
    page = await browser.open("administration", "/invitations")
    page = await browser.send(page, "/invitations", {"email": an_address(), "role": "viewer"})
    assert page.path == "/confirm"


async def test_a_member_and_who_is_invited_are_not_invited_again(office: Office) -> None:
    member, _ = await office.member()
    assert (await invite(office, member.email)).status == 409
    email, _ = await invited(office)
    assert (await invite(office, email.upper())).status == 409


@on_one_database
@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\x00b", "a\u202eb"])
async def test_a_name_that_cannot_be_shown_is_refused(office: Office, name: str) -> None:
    email, link = await invited(office)
    page = await join(office.home.browser(), link, name=name, password=NEW)
    assert page.status == 422
    assert 'id="name-error"' in page.text
    assert await role_of(office, email) is None


@on_one_database
async def test_script_in_a_name_is_text(office: Office) -> None:
    _, link = await invited(office)
    browser = office.home.browser()
    assert (await join(browser, link, name=SCRIPT, password=NEW)).status == 200
    for path in ("/people", "/audit"):
        page = await office.owner.open("administration", path)
        assert SCRIPT not in page.text
    assert re.search("&lt;script&gt;", (await office.owner.open("administration", "/people")).text)


async def test_whom_a_removed_member_invited_cannot_join(office: Office) -> None:
    admin, membership = await office.member("administrator")
    browser = await office.signed_in(admin)
    email = an_address()
    page = await browser.open("administration", "/invitations")
    await browser.send(page, "/invitations", {"email": email, "role": "viewer"})
    link = await office.link(email)
    page = await office.owner.open("administration", f"/people/{membership}")
    await office.owner.send(page, f"/people/{membership}/remove")
    assert (await office.home.browser().open("administration", link)).status == 410


@on_one_database
async def test_an_invitation_of_another_organisation_is_not_there(office: Office) -> None:
    _, link = await invited(office)
    async with office.services.database.read() as session:
        mine = select(Invitation.public_id)
        found = (await session.scalars(scoped(office.home.tenant.id, mine))).one()
    other = await make_tenant(office.services.database)
    stranger = await make_person(office.services.database)
    await add_member(office.services.database, other, stranger, "owner")
    browser = await office.signed_in(stranger)
    for what in ("send", "revoke"):
        assert (await office.post(browser, f"/invitations/{found}/{what}")).status == 404
    assert (await office.home.browser().open("administration", link)).status == 200


async def sent_by(office: Office, role: str) -> tuple[str, str]:
    """The membership of an administrator, and the link of somebody whom they invited."""
    admin, membership = await office.member("administrator")
    email = an_address()
    page = await (await office.signed_in(admin)).open("administration", "/invitations")
    assert role in page.text
    await office.post(await office.signed_in(admin), "/invitations", email=email, role=role)
    return membership, await office.link(email)


async def test_whom_a_disabled_member_invited_cannot_join_even_once_they_are_back(
    office: Office,
) -> None:
    membership, link = await sent_by(office, "viewer")
    for what in ("disable", "enable"):
        await office.post(office.owner, f"/people/{membership}/{what}")
    assert (await office.home.browser().open("administration", link)).status == 410
    assert len(await office.audited("invitation.revoke")) == 1


@pytest.mark.parametrize("now", ["viewer", "own"])
async def test_nobody_joins_with_more_than_whoever_invited_them_may_give_now(
    office: Office, now: str
) -> None:
    membership, link = await sent_by(office, "administrator")
    role = await office.custom("people:read", "people:write") if now == "own" else now
    await office.post(office.owner, f"/people/{membership}/role", role=role)
    browser = office.home.browser()
    assert (await join(browser, link, name="Ann", password=NEW)).status == 410
    assert await office.audited("invitation.accept") == []


async def test_a_smaller_role_takes_no_invitation_that_it_covers(office: Office) -> None:
    membership, link = await sent_by(office, "viewer")
    wide = await office.custom("people:read", "people:write", *ROLES["viewer"])
    await office.post(office.owner, f"/people/{membership}/role", role=wide)
    assert (await join(office.home.browser(), link, name="Ann", password=NEW)).path == "/"

"""People who come in by mail, in a browser."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from shared.auth.passwords import Passwords
from shared.clock import SystemClock
from shared.models import SignIn
from tests.support.builders import make_tenant
from tests.support.people import MadePerson, add_member, make_person
from tests.support.site import Site

FIRST, SECOND = "seven quiet lamps in a row", "eleven slow boats go home"


@pytest.fixture
async def owner(site: Site) -> MadePerson:
    passwords = Passwords()
    made = await make_person(site.database, password_hash=await passwords.hash(FIRST))
    passwords.close()
    await add_member(site.database, await make_tenant(site.database), made, "owner")
    return made


async def come_in(site: Site, page: Page, person: MadePerson, password: str = FIRST) -> None:
    """To the page of one's account, by a password."""
    await page.goto(site.at("administration", "/account"))
    await page.get_by_label("Mail address").fill(person.email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(site.at("administration", "/account"))


async def choose(page: Page, password: str, button: str) -> None:
    await page.get_by_label("New password").fill(password)
    await page.get_by_role("button", name=button).click()


async def invite(site: Site, page: Page, address: str) -> str:
    """The link in the letter."""
    await page.goto(site.at("administration", "/invitations"))
    await page.get_by_label("Mail address").fill(address)
    await page.get_by_label("Role").select_option("analyst")
    await page.get_by_role("button", name="Invite", exact=True).click()
    await expect(page.get_by_role("rowheader", name=address)).to_be_visible()
    return await site.link(address, "Join")


async def test_an_invitation_leads_to_the_first_page_of_an_app(
    site: Site, browser: Browser, page: Page, owner: MadePerson
) -> None:
    await come_in(site, page, owner)
    address = f"invited-{owner.email}"
    link = await invite(site, page, address)
    other = await (await browser.new_context()).new_page()
    await other.goto(link)
    await other.get_by_label("Name").fill("Ann <b>B")
    await choose(other, "short", "Join")
    await expect(other.get_by_role("alert")).to_contain_text("15 characters or more")
    await choose(other, FIRST, "Join")
    await other.wait_for_url(site.at("administration", "/"))
    await expect(other.get_by_role("main")).to_contain_text(f"Ann <b>B, {address}")
    await other.goto(site.at("reporting", "/"))
    await expect(other.get_by_role("main")).to_contain_text(address)
    await other.context.close()
    await page.reload()
    await expect(page.get_by_role("main")).to_contain_text("There are none.")


async def test_a_password_is_reset_and_everybody_else_is_out(
    site: Site, browser: Browser, page: Page, owner: MadePerson
) -> None:
    elsewhere = await (await browser.new_context()).new_page()
    await come_in(site, elsewhere, owner)
    await page.goto(site.at("billing", "/"))
    await page.get_by_role("link", name="Choose a new password").click()
    await page.get_by_label("Mail address").fill(owner.email)
    await page.get_by_role("button", name="Send the link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    await page.goto(await site.link(owner.email, "Choose a new password"))
    await choose(page, SECOND, "Choose it")
    # On to where all of it began.
    await page.wait_for_url(site.at("billing", "/"))
    await elsewhere.wait_for_url("**/signed-out*")
    await come_in(site, elsewhere, owner, SECOND)
    await elsewhere.context.close()
    await site.letter(owner.email, "Your password was changed")


async def test_a_link_by_mail_signs_in_once(site: Site, page: Page, owner: MadePerson) -> None:
    await page.goto(site.at("loyalty", "/"))
    await page.get_by_role("link", name="Sign in with a link by mail").click()
    await page.get_by_label("Mail address").fill(owner.email)
    await page.get_by_role("button", name="Send the link").click()
    link = await site.link(owner.email, "Your link to sign in")
    await page.goto(link)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(site.at("loyalty", "/"))
    again = await page.goto(link)
    assert again is not None
    assert again.status == 410


async def test_a_factor_is_asked_for_again_before_what_weighs_much(
    site: Site, page: Page, owner: MadePerson
) -> None:
    await come_in(site, page, owner)
    async with site.database.unit_of_work() as session:
        mine = SignIn.person_id == owner.id
        then = SystemClock().now() - timedelta(hours=1)
        await session.execute(update(SignIn).where(mine).values(fresh_at=then))
    await page.goto(site.at("administration", "/keys/new"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    await page.get_by_label("Password").fill(FIRST)
    await page.get_by_role("button", name="Confirm", exact=True).click()
    await page.wait_for_url(site.at("administration", "/keys/new"))

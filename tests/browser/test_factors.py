"""Passkeys and one-time codes in a browser; its authenticator is a pretended one."""

from datetime import timedelta

import pyotp
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import update

from shared.auth.passwords import Passwords
from shared.clock import SystemClock
from shared.models import Person, SignIn
from tests.support.builders import make_tenant
from tests.support.people import MadePerson, add_member, make_person
from tests.support.site import Site

PASSWORD = "seven quiet lamps in a row"
# As a telephone or a laptop has it: it asks for a finger or a face, which is always right here.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def person(site: Site) -> MadePerson:
    passwords = Passwords()
    hashed = await passwords.hash(PASSWORD)
    passwords.close()
    made = await make_person(site.database, password_hash=hashed)
    await add_member(site.database, await make_tenant(site.database), made, "viewer")
    return made


@pytest.fixture
async def factors(site: Site, page: Page, person: MadePerson) -> Page:
    """The page of factors of somebody who has just signed in with a password."""
    await page.goto(site.at("administration", "/account/factors"))
    await type_password(page, person)
    await page.wait_for_url(site.at("administration", "/account/factors"))
    return page


async def type_password(page: Page, person: MadePerson) -> None:
    await page.get_by_label("Mail address").fill(person.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()


async def follow(page: Page, name: str) -> None:
    await page.get_by_role("link", name=name).click()


async def sign_out(page: Page) -> None:
    await press(page, "Sign out")
    await page.wait_for_url("**/signed-out*")


async def test_a_passkey_is_the_only_factor(site: Site, factors: Page, person: MadePerson) -> None:
    page = factors
    browser = await page.context.new_cdp_session(page)
    await browser.send("WebAuthn.enable")
    await browser.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    await follow(page, "Add a passkey")
    await page.get_by_label("Name").fill("Telephone")
    await press(page, "Add a passkey")
    await expect(page.get_by_role("link", name="Telephone")).to_be_visible()
    await site.letter(person.email, "opened in another way")
    async with site.database.unit_of_work() as session:
        mine = update(Person).where(Person.id == person.id)
        await session.execute(mine.values(password_hash=None))
    await sign_out(page)

    await page.goto(site.at("billing"))
    await press(page, "Sign in with a passkey")
    await page.wait_for_url(site.at("billing"))
    await expect(page.get_by_role("main")).to_contain_text(person.email)

    new = site.at("administration", "/account/factors/passkeys/new")
    await page.goto(new)
    async with site.database.unit_of_work() as session:
        long_ago = SystemClock().now() - timedelta(hours=1)
        mine_too = update(SignIn).where(SignIn.person_id == person.id)
        await session.execute(mine_too.values(fresh_at=long_ago))
    await press(page, "Add a passkey")
    await press(page, "Confirm with a passkey")
    await page.wait_for_url(new)
    await press(page, "Add a passkey")
    await expect(page.get_by_role("alert")).to_contain_text("on that device already")

    await follow(page, "Leave it")
    await follow(page, "Telephone")
    await press(page, "Remove this passkey")
    await expect(page.get_by_role("alert")).to_contain_text("last way in")


async def test_a_code_and_a_recovery_code_are_second_factors(
    site: Site, factors: Page, person: MadePerson
) -> None:
    page = factors
    await follow(page, "Set up an authenticator app")
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = (await page.inner_text("#key")).replace(" ", "")
    await page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).now())
    await press(page, "Turn on")
    codes = (await page.inner_text("#codes")).split()
    await sign_out(page)

    await page.goto(site.at("billing"))
    await type_password(page, person)
    await page.get_by_role("textbox", name="Code").fill(codes[0].lower())
    await press(page, "Sign in")
    await page.wait_for_url(site.at("billing"))
    await site.letter(person.email, "recovery code was used")
    await sign_out(page)

    await page.goto(site.at("loyalty"))
    await type_password(page, person)
    await page.get_by_role("textbox", name="Code").fill(codes[0])
    await press(page, "Sign in")
    await expect(page.get_by_role("alert")).to_contain_text("used already")
    next_step = SystemClock().now() + timedelta(seconds=30)
    await page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).at(next_step))
    await press(page, "Sign in")
    await page.wait_for_url(site.at("loyalty"))

"""An owner sets the organisation's own provider; somebody new comes in by its login page."""

import secrets
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page, expect
from sqlalchemy import select

from shared.clock import SystemClock
from shared.models import MailDomain, Organisation
from tests.support.openid import Provider, provider
from tests.support.site import Site


@pytest.fixture(scope="module")
async def real_provider() -> AsyncIterator[Provider]:
    async with provider() as running:
        yield running


@pytest.fixture
async def domain(site: Site) -> str:
    """A mail domain that the site's organisation has proved."""
    name, now = f"{secrets.token_hex(8)}.example.com", SystemClock().now()
    async with site.database.unit_of_work() as session:
        org_id = await session.scalar(select(Organisation.id).order_by(Organisation.id).limit(1))
        session.add(
            MailDomain(
                org_id=org_id, domain=name, token="t" * 43, proved=name, proved_at=now,
                created_at=now,
            )
        )  # fmt: skip
    return name


async def _set(site: Site, page: Page, real_provider: Provider) -> None:
    """As the owner would: sign in, copy what the provider says, save, ask it."""
    await page.goto(site.at("administration", "/sign-on"))
    await page.get_by_label("Mail address").fill(site.up.said(r"sign in as +(\S+)"))
    await page.get_by_label("Password").fill(site.up.said(r"password +(\S+)"))
    await page.get_by_role("button", name="Sign in", exact=True).click()
    back = await page.locator("pre").inner_text()
    client = await real_provider.register(back.strip())
    await page.get_by_label("Issuer").fill(real_provider.issuer)
    await page.get_by_label("Client id").fill(client.id)
    await page.get_by_label("Client secret").fill(client.secret)
    await page.get_by_label("People can come in by it").check()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Ask the provider").click()
    await expect(page.get_by_role("main")).to_contain_text("The provider answers")


async def test_somebody_new_comes_in_by_the_login_page_of_their_organisation(
    site: Site, page: Page, context: BrowserContext, domain: str, real_provider: Provider
) -> None:
    await _set(site, page, real_provider)
    await context.clear_cookies()
    address = f"ann@{domain}"
    await real_provider.knows("ann", email=address, email_verified=True, name="Ann Example")
    await page.goto(site.at("billing", "/"))
    await page.get_by_role("link", name="Single sign-on of your organisation").click()
    await page.get_by_label("Mail address").fill(address)
    await page.get_by_role("button", name="Go on").click()
    await page.wait_for_url(f"{real_provider.issuer}/interaction/*")
    await page.locator("input[name=login]").fill("ann")
    await page.locator("input[name=password]").fill("any")
    await page.locator("button[type=submit]").click()
    await page.wait_for_url(site.at("billing", "/"))
    await expect(page.get_by_role("main")).to_contain_text(address)

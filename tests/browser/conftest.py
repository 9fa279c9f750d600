"""A site and a browser for all tests of a worker; a fresh context, without cookies, for each test.

`page` is a page of such a context. Whatever a page's script or policy complains about fails the
test: see `complaints`.
"""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page

from tests.support import site as sites
from tests.support.site import Site

# Chromium writes each answer of 400 and more to the console; tests look at answers themselves.
ANSWERS = "Failed to load resource"
PATIENCE_MS = 20_000


@pytest.fixture(scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with sites.site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with sites.chromium() as running:
        yield running


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context()
    made.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and ANSWERS not in message.text:
            complaints.append(message.text)

    def fail(error: Error) -> None:
        complaints.append(str(error))

    def watch(page: Page) -> None:
        page.on("console", note)
        page.on("pageerror", fail)

    made.on("page", watch)
    yield made
    await made.close()
    assert not complaints, complaints


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest.fixture
async def signed_in(site: Site, page: Page) -> Page:
    """A page of billing, reached by the password that is on the screen."""
    await page.goto(site.at("billing", "/"))
    await page.get_by_label("Mail address").fill(site.up.said(r"sign in as +(\S+)"))
    await page.get_by_label("Password").fill(site.up.said(r"password +(\S+)"))
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(site.at("billing", "/"))
    return page

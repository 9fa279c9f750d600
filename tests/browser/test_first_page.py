"""A browser reaches the apps."""

from playwright.async_api import Page

from tests.support.site import Site


async def test_the_mail_of_a_laptop_is_a_page(site: Site, page: Page) -> None:
    answer = await page.goto(site.at("administration", "/letters"))
    assert answer is not None
    assert answer.ok
    assert await page.inner_text("h1") == "Mail"

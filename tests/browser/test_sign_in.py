"""One sign-in for six apps, in a browser, as whom `make run` printed."""

from playwright.async_api import BrowserContext, Page, expect

from tests.apps.local.launch import APPS
from tests.support.site import Site

# What is promised: an open page of another app notices a sign-out within this time.
NOTICED_MS = 5_000


async def test_who_signed_in_at_one_app_moves_through_all_six(site: Site, signed_in: Page) -> None:
    for app in APPS:
        await signed_in.goto(site.at(app, "/"))
        assert signed_in.url == site.at(app, "/")
        await expect(signed_in.get_by_role("main")).to_contain_text("demo@example.com")


async def test_the_page_that_was_asked_for_is_the_one_that_is_reached(
    site: Site, signed_in: Page
) -> None:
    await signed_in.context.clear_cookies(domain="administration.fortress.localhost")
    await signed_in.goto(site.at("administration", "/account"))
    await signed_in.get_by_label("Mail address").fill("demo@example.com")
    await signed_in.get_by_label("Password").fill(site.up.said(r"password +(\S+)"))
    await signed_in.keyboard.press("Enter")
    await signed_in.wait_for_url(site.at("administration", "/account"))


async def test_a_sign_out_is_seen_by_an_open_page_of_every_other_app(
    site: Site, signed_in: Page, context: BrowserContext
) -> None:
    others = {app: await context.new_page() for app in APPS if app != "billing"}
    for app, page in others.items():
        await page.goto(site.at(app, "/"))
    await signed_in.get_by_role("button", name="Sign out").click()
    await signed_in.wait_for_url("**/signed-out*")
    for app, page in others.items():
        await page.wait_for_url(site.at(app, "/signed-out*"), timeout=NOTICED_MS)


async def test_no_script_sees_a_cookie(signed_in: Page) -> None:
    assert await signed_in.evaluate("document.cookie") == ""
    kept = [one for one in await signed_in.context.cookies() if one["name"] == "__Host-fortress"]
    assert {one["domain"] for one in kept} == {
        "administration.fortress.localhost",
        "billing.fortress.localhost",
    }
    assert all(one["httpOnly"] and one["secure"] for one in kept)


async def test_the_whole_way_works_by_keyboard(site: Site, page: Page) -> None:
    await page.goto(site.at("loyalty", "/"))
    await page.get_by_label("Mail address").focus()
    await page.keyboard.type("demo@example.com")
    await page.keyboard.press("Tab")
    await page.keyboard.type(site.up.said(r"password +(\S+)"))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(site.at("loyalty", "/"))

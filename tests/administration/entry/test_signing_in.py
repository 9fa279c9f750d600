"""One sign-in for six apps."""

from shared.web.cookies import SESSION
from shared.web.returns import APPS
from tests.administration.entry.conftest import PASSWORD, Home
from tests.support.browsing import at


async def test_one_password_opens_all_six_apps(home: Home) -> None:
    browser = home.browser()
    asked = await browser.open("billing")
    assert (asked.app, asked.path, asked.status) == ("administration", "/sign-in", 200)
    page = await home.type(browser, asked, PASSWORD)
    assert (page.app, page.path, page.status) == ("billing", "/", 200)
    assert home.person.email in page.text
    for app in APPS:
        first = await browser.open(app)
        assert (first.app, first.path, first.status) == (app, "/", 200)
    tokens = {browser.jar[f"{app}.fortress.localhost"][SESSION] for app in APPS}
    assert len(tokens) == len(APPS)


async def test_signing_out_anywhere_ends_it_everywhere(home: Home) -> None:
    browser = home.browser()
    page = await home.sign_in(browser, "loyalty")
    await browser.open("api")
    asked = {"accept": "*/*"}
    alive = await browser.request("GET", at("api", "/session"), headers=asked)
    assert alive.status_code == 204
    out = await browser.send(page, "/sign-out")
    assert (out.app, out.path, out.status) == ("loyalty", "/signed-out", 200)
    over = await browser.request("GET", at("api", "/session"), headers=asked)
    assert over.status_code == 401
    assert (await browser.open("api")).path == "/sign-in"

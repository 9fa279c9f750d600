"""What is tried at the doors: guesses, codes, cookies, addresses."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import delete, update

from shared.models import Membership, Person
from shared.web.cookies import DEVICE, SESSION, SIGN_IN
from tests.administration.entry.conftest import PASSWORD, Home
from tests.support.browsing import Browser, at
from tests.support.builders import make_tenant
from tests.support.databases import on_mariadb
from tests.support.people import add_member

# What is asked of the database, other tests ask both.
pytestmark = on_mariadb

BILLING = "billing.fortress.localhost"
ELSEWHERE = [
    "https://example.org/",
    "//example.org",
    "/\\example.org",
    "/%2e%2e//x",
    "javascript:1",
]


async def authorized(browser: Browser, app: str = "billing") -> str:
    """The address with a code, to which administration sends who is signed in."""
    begun = await browser.request("GET", at(app, "/sign-in"))
    answer = await browser.request("GET", begun.headers["location"])
    return answer.headers["location"]


async def test_a_wrong_password_and_an_unknown_account_get_one_answer(home: Home) -> None:
    browser = home.browser()
    page = await browser.open("administration", "/sign-in")
    answers = []
    for email in (home.person.email, "nobody-of-all@example.com"):
        typed = {"email": email, "password": "not the right one at all"}
        answer = await browser.send(page, "/sign-in", typed)
        answers.append((answer.status, answer.text.count("is wrong"), SESSION in answer.text))
    assert answers == [(422, 2, False)] * 2


async def test_a_disabled_person_is_told_no_more_than_an_unknown_one(home: Home) -> None:
    async with home.services.database.unit_of_work() as session:
        mine = Person.id == home.person.id
        await session.execute(update(Person).where(mine).values(disabled=True))
    assert (await home.sign_in(home.browser())).status == 422


async def test_guessing_is_slowed_but_not_for_a_browser_that_was_here(home: Home) -> None:
    known, stranger = home.browser(), home.browser()
    await known.send(await home.sign_in(known), "/sign-out")
    page = await stranger.open("administration", "/sign-in")
    statuses = [(await home.type(stranger, page, f"guess number {n}")).status for n in range(6)]
    assert statuses == [422] * 5 + [429]
    refused = await home.type(stranger, page, PASSWORD)
    assert int(refused.answer.headers["retry-after"]) >= 1
    assert "Wait" in refused.text
    assert (await home.sign_in(known)).status == 200


async def test_a_code_of_one_app_is_worth_nothing_in_another(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser)
    code = parse_qs(urlsplit(await authorized(browser, "loyalty")).query)["code"][0]
    begun = await browser.request("GET", at("billing", "/sign-in"))
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    page = await browser.open("billing", f"/sign-in/done?code={code}&state={state}")
    assert page.status == 400
    assert SESSION not in browser.jar[BILLING]


async def test_a_link_with_a_code_is_worth_nothing_in_another_browser(home: Home) -> None:
    mine, other = home.browser(), home.browser()
    await home.sign_in(mine)
    link = urlsplit(await authorized(mine))
    page = await other.open("billing", f"{link.path}?{link.query}")
    assert page.status == 400
    assert SESSION not in other.jar[BILLING]


async def test_a_code_is_taken_once(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser)
    link = await authorized(browser)
    kept = browser.jar[BILLING][SIGN_IN]
    first = await browser.request("GET", link)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert SIGN_IN not in browser.jar[BILLING]
    thief = Browser(home.apps, {BILLING: {SIGN_IN: kept}})
    assert (await thief.request("GET", link)).status_code == 400
    # Somebody else saw it: what was made from it is over too.
    assert (await browser.request("GET", at("billing"))).headers["location"].startswith("/sign-in")


async def test_a_page_of_arrival_that_is_loaded_again_leads_to_the_first_page(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser, "billing")
    done = next(url for url in browser.went if "/sign-in/done" in url)
    again = await browser.request("GET", done)
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert (await browser.open("billing")).path == "/"


async def test_two_tabs_can_be_under_way_at_once(home: Home) -> None:
    browser = home.browser()
    first = urlsplit((await browser.open("billing")).url)
    second = await browser.open("billing")
    assert (await home.type(browser, second, PASSWORD)).app == "billing"
    again = await browser.open("administration", f"{first.path}?{first.query}")
    assert (again.app, again.path, again.status) == ("billing", "/", 200)


@pytest.mark.parametrize("name", [SIGN_IN, SESSION, DEVICE])
async def test_a_cookie_that_was_changed_opens_nothing(home: Home, name: str) -> None:
    browser = home.browser()
    await home.sign_in(browser)
    link = await authorized(browser)
    kept = browser.jar[BILLING].get(name, "")
    other = "B" if kept.startswith("A") else "A"
    browser.jar[BILLING] |= {SESSION: "x" * 43, name: other + kept[1:]}
    over = await browser.request("GET", at("billing"))
    assert over.headers["location"].startswith("/sign-in")
    statuses = {SIGN_IN: 400, SESSION: 303, DEVICE: 303}
    assert (await browser.request("GET", link)).status_code == statuses[name]


@pytest.mark.parametrize("given", ELSEWHERE)
async def test_a_return_address_elsewhere_leads_to_the_first_page(home: Home, given: str) -> None:
    browser = home.browser()
    page = await browser.open("administration", f"/sign-in?return={quote(given, safe='')}")
    typed = {"email": home.person.email, "password": PASSWORD, "return": given}
    first = await browser.send(page, "/sign-in", typed)
    assert (first.app, first.path) == ("administration", "/")
    for app, path in (("administration", "/sign-in"), ("administration", "/signed-out")):
        went = await browser.request("GET", at(app, f"{path}?return={quote(given, safe='')}"))
        assert went.headers["location"] == "/"


async def test_only_the_five_apps_get_codes(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser)
    for app in ("administration", "elsewhere", "billing.example.org"):
        query = f"app={app}&challenge={'a' * 43}&state=x"
        answer = await browser.request("GET", at("administration", f"/authorize?{query}"))
        assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-in/done?code=a&state=b", "/session"])
async def test_a_cookie_does_nothing_at_an_unknown_host(home: Home, path: str) -> None:
    browser = home.browser()
    await home.sign_in(browser, "billing")
    for host in ("billing.example.org", "fortress.localhost", "api.fortress.localhost"):
        answer = await browser.request("GET", at("billing", path), headers={"host": host})
        assert answer.status_code in (400, 421)
        assert SESSION not in answer.headers.get("set-cookie", "")


async def test_who_was_removed_sees_nothing_of_the_organisation(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser, "api")
    json = {"accept": "application/json"}
    assert (await browser.request("GET", at("api", "/v1/devices"), headers=json)).is_success
    async with home.services.database.unit_of_work() as session:
        await session.execute(delete(Membership).where(Membership.person_id == home.person.id))
    gone = await browser.request("GET", at("api", "/v1/devices"), headers=json)
    assert (gone.status_code, gone.json()["code"]) == (403, "forbidden")
    page = await browser.open("api")
    assert (page.status, "None yet" in page.text) == (200, True)


async def test_who_was_removed_from_one_organisation_chooses_another(home: Home) -> None:
    browser, database = home.browser(), home.services.database
    page = await home.sign_in(browser, "api")
    assert "/organisation" not in page.forms
    other = await make_tenant(database)
    await add_member(database, other, home.person, "viewer")
    async with database.unit_of_work() as session:
        first = Membership.org_id == home.tenant.id
        await session.execute(delete(Membership).where(first))
    page = await browser.open("api")
    assert "None chosen" in page.text
    page = await browser.send(page, "/organisation", {"organisation": other.public_id})
    assert "None chosen" not in page.text


async def test_a_wrong_key_never_falls_back_to_the_session(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser, "api")
    for given in ("Bearer fk_wrong", "Basic eDp5", "bearer"):
        headers = {"accept": "text/html", "authorization": given}
        answer = await browser.request("GET", at("api", "/v1/devices"), headers=headers)
        assert answer.status_code == 401


async def test_the_choice_of_an_organisation_is_among_ones_own(home: Home) -> None:
    browser = home.browser()
    mine, other = [await make_tenant(home.services.database) for _ in range(2)]
    await add_member(home.services.database, mine, home.person, "viewer")
    page = await home.sign_in(browser, "api")
    refused = await browser.send(page, "/organisation", {"organisation": other.public_id})
    assert refused.status == 404
    chosen = await browser.send(page, "/organisation", {"organisation": mine.public_id})
    assert chosen.status == 200
    json = {"accept": "application/json"}
    assert (await browser.request("GET", at("api", "/v1/devices"), headers=json)).is_success
    # A viewer there, however much an owner here.
    writes = {"accept": "application/json", "x-csrf-token": chosen.fields("/organisation")["csrf"]}
    writes |= {"sec-fetch-site": "same-origin"}
    url = at("api", "/v1/devices")
    assert (await browser.request("POST", url, headers=writes, json={})).status_code == 403

"""Where one is signed in; showing a factor again; who hears of it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from shared.auth import sessions
from shared.clock import SystemClock
from shared.db.scope import scoped
from shared.models import AppSession, AuditEntry, Job, SignIn
from shared.web.cookies import SESSION
from shared.web.returns import APPS
from tests.administration.entry.conftest import PASSWORD, Home
from tests.support.browsing import at
from tests.support.databases import on_mariadb
from tests.support.until import until

# What is asked of the database, other tests ask both.
pytestmark = on_mariadb

JSON = {"accept": "application/json"}


async def grow_stale(home: Home) -> None:
    """As if an hour had gone by since a factor was shown."""
    async with home.services.database.unit_of_work() as session:
        mine = SignIn.person_id == home.person.id
        then = SystemClock().now() - timedelta(hours=1)
        await session.execute(update(SignIn).where(mine).values(fresh_at=then))


async def letters(home: Home) -> int:
    """Letters about new browsers that wait to be sent, of everybody."""
    async with home.services.database.read() as session:
        count = select(func.count()).where(Job.queue == "mail", Job.key.like("device%"))
        return await session.scalar(count) or 0


async def actions(home: Home) -> list[str]:
    async with home.services.database.read() as session:
        query = select(AuditEntry.action).where(AuditEntry.actor == home.person.public_id)
        return list(await session.scalars(scoped(home.tenant.id, query.order_by(AuditEntry.id))))


async def test_every_sign_in_is_listed_and_can_be_ended(home: Home) -> None:
    here, there = home.browser(), home.browser()
    await home.sign_in(there, "billing")
    await home.sign_in(here)
    page = await here.open("administration", "/account")
    action = next(one for one in page.forms if one.endswith("/end"))
    page = await here.send(page, action)
    assert (page.path, [one for one in page.forms if one.endswith("/end")]) == ("/account", [])
    assert (await there.open("billing")).path == "/sign-in"
    assert (await here.open("billing")).path == "/"
    again = await here.request("POST", at("administration", action), data=page.fields("/sign-out"))
    assert again.status_code in (403, 404)


async def test_all_others_can_be_ended_at_once(home: Home) -> None:
    here, *others = [home.browser() for _ in range(3)]
    for browser in (*others, here):
        await home.sign_in(browser)
    page = await here.open("administration", "/account")
    assert (await here.send(page, "/account/sign-ins/end-others")).path == "/account"
    for browser in others:
        assert (await browser.open("administration")).path == "/sign-in"
    assert (await here.open("administration")).path == "/"
    assert await actions(home) == ["sign_in.begin"] * 3 + ["sign_in.end_others"]


async def test_ending_sign_ins_elsewhere_needs_a_fresh_factor(home: Home) -> None:
    here, there = home.browser(), home.browser()
    await home.sign_in(there)
    await home.sign_in(here)
    page = await here.open("administration", "/account")
    await grow_stale(home)
    asked = await here.send(page, "/account/sign-ins/end-others")
    assert asked.path == "/confirm"
    back = await here.send(asked, "/confirm", {"password": PASSWORD})
    assert back.path == "/account"
    assert (await there.open("administration")).path == "/"


async def test_signing_out_is_in_the_audit_whatever_the_app(home: Home) -> None:
    browser = home.browser()
    for app in APPS:
        await browser.send(await home.sign_in(browser, app), "/sign-out")
    assert await actions(home) == ["sign_in.begin", "sign_in.end"] * len(APPS)


async def test_signing_out_where_the_sign_in_is_over_already_says_so(home: Home) -> None:
    browser = home.browser()
    page = await home.sign_in(browser)
    async with home.services.database.unit_of_work() as session:
        await sessions.end_all(session, home.person.id, SystemClock().now())
    after = await browser.send(page, "/sign-out")
    assert (after.path, after.status) == ("/signed-out", 200)
    assert SESSION not in browser.jar["administration.fortress.localhost"]


async def test_somebody_elses_sign_in_cannot_be_ended(home: Home) -> None:
    browser = home.browser()
    page = await home.sign_in(browser)
    csrf = page.fields("/sign-out")["csrf"]
    other = "sgn_01JD3V3Q8X0000000000000000"
    headers = {"sec-fetch-site": "same-origin"}
    url = at("administration", f"/account/sign-ins/{other}/end")
    answer = await browser.request("POST", url, data={"csrf": csrf}, headers=headers)
    assert answer.status_code == 404


async def test_a_stale_sign_in_is_asked_for_a_factor_and_goes_on(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser)
    old = browser.jar["administration.fortress.localhost"][SESSION]
    await grow_stale(home)
    asked = await browser.open("administration", "/account/password")
    assert asked.path == "/confirm"
    wrong = await browser.send(asked, "/confirm", {"password": "not mine at all"})
    assert wrong.status == 422
    page = await browser.send(asked, "/confirm", {"password": PASSWORD})
    assert (page.path, page.status) == ("/account/password", 200)
    assert browser.jar["administration.fortress.localhost"][SESSION] != old
    assert (await actions(home))[-1] == "sign_in.confirm"


async def test_another_app_has_the_factor_asked_at_administration(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser, "billing")
    await grow_stale(home)
    asked = await browser.open("billing", "/sign-in?fresh=true&return=/")
    assert (asked.app, asked.path) == ("administration", "/confirm")
    page = await browser.send(asked, "/confirm", {"password": PASSWORD})
    assert (page.app, page.path, page.status) == ("billing", "/", 200)
    token = browser.jar["billing.fortress.localhost"][SESSION]
    now = SystemClock().now()
    async with home.services.database.read() as session:
        found = await sessions.find(session, token, "billing", now, lifetimes=sessions.Lifetimes())
    assert found is not None
    assert now - found.fresh_at < timedelta(minutes=1)


async def test_signing_in_again_as_the_same_person_keeps_the_other_apps(home: Home) -> None:
    browser = home.browser()
    await home.sign_in(browser, "billing")
    form = await browser.open("administration", "/sign-in?again=true")
    assert form.path == "/sign-in"
    assert (await home.type(browser, form, PASSWORD)).path == "/"
    first = await browser.request("GET", at("billing"))
    assert first.status_code == 200


async def test_a_new_browser_is_written_about_once(home: Home) -> None:
    before = await letters(home)
    browser = home.browser()
    await browser.send(await home.sign_in(browser), "/sign-out")
    await home.sign_in(browser)
    assert await letters(home) == before + 1


@pytest.mark.parametrize(
    ("app", "path", "prolongs"),
    [
        ("administration", "/session", False),
        ("administration", "/account", True),
        ("api", "/v1/devices", True),
    ],
)
async def test_use_prolongs_a_session_and_asking_whether_it_is_alive_does_not(
    home: Home, app: str, path: str, *, prolongs: bool
) -> None:
    browser = home.browser()
    await home.sign_in(browser, app)
    long_ago = SystemClock().now() - timedelta(hours=11)
    mine = SignIn.person_id == home.person.id
    numbers = select(SignIn.id).where(mine)
    async with home.services.database.unit_of_work() as session:
        await session.execute(update(SignIn).where(mine).values(seen_at=long_ago))
        of_app = AppSession.sign_in_id.in_(numbers)
        await session.execute(update(AppSession).where(of_app).values(seen_at=long_ago))
    assert (await browser.request("GET", at(app, path), headers=JSON)).is_success
    async with home.services.database.read() as session:
        seen = await session.scalar(select(SignIn.seen_at).where(mine))
    assert (seen != long_ago) == prolongs


async def test_what_a_person_was_answered_nobody_else_hears_again(home: Home) -> None:
    browser, other = home.browser(), home.browser()
    page = await home.sign_in(browser, "api")
    body = {"name": "Rooms", "metrics": {"temp": {"type": "number"}}}
    headers = JSON | {"idempotency-key": "one", "sec-fetch-site": "same-origin"}
    headers |= {"x-csrf-token": page.fields("/sign-out")["csrf"]}
    url = at("api", "/v1/profiles")
    first = await browser.request("POST", url, headers=headers, json=body)
    assert first.status_code == 201, first.text
    again = await browser.request("POST", url, headers=headers, json=body)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    keyed = home.tenant.headers | {"idempotency-key": "one"}
    machine = await other.request("POST", url, headers=JSON | keyed, json=body)
    assert machine.status_code == 409


async def test_the_live_stream_of_a_session_ends_with_it(home: Home) -> None:
    browser = home.browser()
    page = await home.sign_in(browser, "dashboarding")
    live = home.apps["dashboarding"].state.live
    streaming = asyncio.create_task(browser.request("GET", at("dashboarding", "/v1/live")))
    await until(lambda: live.slots.taken or streaming.done(), "the stream")
    await browser.send(page, "/sign-out")
    # It is looked at every three seconds; the rest is for a machine that is busy.
    answer = await asyncio.wait_for(streaming, 30)
    assert b'"reason":"sign_in"' in answer.content

"""Who comes by a provider is as fresh as the provider says that it asked them."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shared.clock import SystemClock
from shared.ids import digest, new_secret
from shared.models import MailToken, SignIn, SsoConnection
from shared.web import cookies
from tests.administration.sso.conftest import Company, query_of
from tests.support.browsing import Page

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")

# A page that asks for a fresh factor.
WEIGHTY = "/account/factors/app"
HOST = "administration.fortress.localhost"
AN_HOUR_AGO = 3_600
NINE_MINUTES = 540


async def _tells(company: Company, ago: int) -> None:
    """The provider says that it asked so many seconds ago, whenever that was."""
    await company.provider.lies(claims={"auth_time": int(time.time()) - ago})


async def _weighty(company: Company) -> Page:
    return await company.browser.open("administration", WEIGHTY)


async def _confirm(company: Company, subject: str) -> Page:
    """Press the button of `/confirm`, go to the provider and come back."""
    page = await _weighty(company)
    assert page.path.startswith("/confirm")
    page = await company.browser.send(page, "/sign-in/sso")
    there = page.answer.headers["refresh"].removeprefix("0; url=")
    back = await company.provider.signs_in(there, subject)
    return await company.browser.open("administration", back.removeprefix(f"http://{HOST}"))


async def _link(company: Company) -> str:
    """What a letter to sign in by has."""
    [person] = await company.people()
    token, now = new_secret(), SystemClock().now()
    row = MailToken(
        token_hash=digest(token),
        person_id=person.id,
        kind="link",
        email=person.email,
        created_at=now,
        expires_at=now + timedelta(minutes=10),
    )
    async with company.database.unit_of_work() as session:
        session.add(row)
    return f"/sign-in/link/use?token={token}"


async def test_it_is_told_how_long_ago_it_may_have_asked(company: Company) -> None:
    asked = query_of(await company.goes(company.address()))
    assert asked["max_age"] == str(14 * 24 * 3_600)
    assert "prompt" not in asked
    await company.comes(await company.knows("ann", company.address()))
    asked = query_of(await company.goes(company.address()))
    assert (asked["max_age"], asked["prompt"]) == ("0", "login")


async def test_whom_it_asked_just_now_is_fresh(company: Company) -> None:
    await company.comes(await company.knows("ann", company.address()))
    assert (await _weighty(company)).path == WEIGHTY


async def test_whom_it_asked_long_ago_is_in_and_confirms_by_being_asked_again(
    company: Company,
) -> None:
    ann = await company.knows("ann", company.address())
    await _tells(company, AN_HOUR_AGO)
    assert (await company.comes(ann)).path == "/"
    before = company.browser.jar[HOST][cookies.SESSION]
    await company.provider.lies()
    assert (await _confirm(company, ann)).path == WEIGHTY
    assert company.browser.jar[HOST][cookies.SESSION] != before
    assert "sign_in.confirm" in await company.audited()


async def test_confirming_makes_nobody_fresher_than_the_provider_says(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    await _tells(company, AN_HOUR_AGO)
    await company.comes(ann)
    await _tells(company, NINE_MINUTES)
    assert (await _confirm(company, ann)).path == WEIGHTY
    [person] = await company.people()
    async with company.database.read() as session:
        mine = select(SignIn.fresh_at).where(SignIn.person_id == person.id)
        [fresh_at] = await session.scalars(mine)
    ago = SystemClock().now() - fresh_at
    assert timedelta(minutes=9) <= ago < timedelta(minutes=10)


async def test_one_that_does_not_tell_when_it_asked_confirms_nothing(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    await company.provider.lies(without=["auth_time"])
    assert (await company.comes(ann)).path == "/"
    page = await _confirm(company, ann)
    assert page.status == 403
    assert "did not ask you again" in page.text
    assert (await company.browser.open("administration", "/sign-in?again=true")).path == "/sign-in"
    assert (await _weighty(company)).path.startswith("/confirm")


async def test_one_that_did_not_ask_again_confirms_nothing(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    await _tells(company, AN_HOUR_AGO)
    await company.comes(ann)
    page = await _confirm(company, ann)
    assert page.status == 403
    assert (await _weighty(company)).path.startswith("/confirm")


async def test_where_it_is_demanded_and_does_not_tell_a_letter_confirms(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    async with company.database.unit_of_work() as session:
        mine = update(SsoConnection).where(SsoConnection.org_id == company.tenant.id)
        await session.execute(mine.values(enforced=True))
    await company.provider.lies(without=["auth_time"])
    await company.comes(ann)
    page = await company.browser.open("administration", await _link(company))
    await company.browser.send(page, "/sign-in/link/use")
    assert (await _weighty(company)).path == WEIGHTY

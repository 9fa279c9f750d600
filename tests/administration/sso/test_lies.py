"""A provider that lies, answers wrongly or is away, and browsers that come back by other ways."""

import time
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from shared.auth.throttle import ACCOUNT
from shared.ids import new_id
from shared.models import SsoConnection
from shared.web import cookies
from tests.administration.sso.conftest import Company
from tests.support.browsing import Page
from tests.support.servers import free_port

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")

HOST = "administration.fortress.localhost"


async def _stays_out(company: Company, page: Page, said: str = "") -> None:
    assert page.status in (400, 403, 502), page.text
    assert said in page.text.lower()
    assert "Sign in in another way" in page.text
    kept = company.browser.jar[HOST]
    assert cookies.SESSION not in kept
    assert cookies.SIGN_IN not in kept
    assert await company.people() == []


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email": "ann@elsewhere.example.com"}, "has not proved"),
        ({"email": "ann@example.com@elsewhere.example.com"}, "does not tell your mail address"),
        ({"email": None}, "does not tell your mail address"),
        ({"email": ["ann@example.com"]}, "does not tell your mail address"),
        ({"email_verified": False}, "is verified"),
        ({"email_verified": "true"}, "is verified"),
        ({"email_verified": None}, "is verified"),
        ({"sub": ""}, ""),
        ({"sub": 7}, ""),
        ({"nonce": "another"}, "does not hold"),
        ({"aud": "another"}, "does not hold"),
        ({"aud": []}, "does not hold"),
        ({"azp": "another"}, "does not hold"),
        ({"iss": "https://login.example.com"}, "does not hold"),
        ({"at_hash": "another"}, "does not hold"),
    ],
    ids=str,
)
async def test_what_it_says_falsely_lets_nobody_in(
    company: Company, claims: dict[str, Any], said: str
) -> None:
    ann = await company.knows("ann", company.address())
    await company.provider.lies(claims=claims)
    page = await company.comes(ann)
    await _stays_out(company, page, said)


@pytest.mark.parametrize(
    ("claim", "from_now", "said"),
    [
        ("exp", -120, "does not hold"),
        ("nbf", 3_600, "does not hold"),
        ("iat", 3_600, "does not hold"),
        ("iat", -3_600, "is old"),
    ],
)
async def test_a_token_of_another_time_lets_nobody_in(
    company: Company, claim: str, from_now: int, said: str
) -> None:
    ann = await company.knows("ann", company.address())
    await company.provider.lies(claims={claim: int(time.time()) + from_now})
    page = await company.comes(ann)
    await _stays_out(company, page, said)


@pytest.mark.parametrize(
    "lie",
    [
        {"stranger": True},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": "rsa"}},
        {"without": ["nonce"]},
        {"without": ["exp"]},
    ],
    ids=str,
)
async def test_a_token_that_it_did_not_sign_rightly_lets_nobody_in(
    company: Company, lie: dict[str, Any]
) -> None:
    ann = await company.knows("ann", company.address())
    await company.provider.lies(**lie)
    page = await company.comes(ann)
    await _stays_out(company, page)


async def test_a_provider_that_changed_its_key_is_asked_for_the_new_one(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await company.knows("ann", company.address())
    assert (await company.comes(ann)).path == "/"
    await company.provider.rotates(new_id("key"))
    monkeypatch.setattr("apps.administration.sso.provider.LOOK_AGAIN_S", 0.0)
    assert (await company.comes(ann)).path == "/"


async def test_a_way_back_is_gone_once_even_with_the_cookie_put_back(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    path = await company.way_back(ann)
    kept = company.browser.jar[HOST][cookies.SIGN_IN]
    assert (await company.browser.open("administration", path)).path == "/"
    del company.browser.jar[HOST][cookies.SESSION]
    assert (await company.browser.open("administration", path)).status == 400
    company.browser.jar[HOST][cookies.SIGN_IN] = kept
    page = await company.browser.open("administration", path)
    assert (page.status, "did not take" in page.text) == (502, True)


async def test_another_browser_does_not_come_back_with_it(company: Company) -> None:
    path = await company.way_back(await company.knows("ann", company.address()))
    company.browser.jar.clear()
    page = await company.browser.open("administration", path)
    assert page.status == 400
    assert "did not begin" in page.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("state=", "state=x"), "did not begin"),
        (("iss=", "iss=https%3A%2F%2Flogin.example.com&x="), "somebody else answered"),
        (("iss=", "was="), "somebody else answered"),
        (("code=", "code=x&code="), "not clear"),
        (("code=", "was="), "not complete"),
        (("code=", "code=x"), "did not take"),
        (("code=", "error=access_denied&was="), "it said no"),
        (("code=", f"error={quote('<script>alert(1)</script>')}&was="), "it said no"),
    ],
    ids=str,
)
async def test_a_way_back_that_was_changed_leads_nowhere(
    company: Company, change: tuple[str, str], said: str
) -> None:
    path = await company.way_back(await company.knows("ann", company.address()))
    page = await company.browser.open("administration", path.replace(*change))
    assert "script>alert" not in page.text
    await _stays_out(company, page, said)


@pytest.mark.parametrize(
    "values", [{"enabled": False}, {"issuer": "https://login.example.com"}], ids=str
)
async def test_a_provider_that_was_changed_meanwhile_lets_nobody_in(
    company: Company, values: dict[str, Any]
) -> None:
    path = await company.way_back(await company.knows("ann", company.address()))
    async with company.database.unit_of_work() as session:
        mine = update(SsoConnection).where(SsoConnection.org_id == company.tenant.id)
        await session.execute(mine.values(**values))
    page = await company.browser.open("administration", path)
    await _stays_out(company, page, "has changed its sign-in")


@pytest.mark.parametrize("email", ["ann@nobody.example.com", "no address", ""])
async def test_an_address_of_no_organisation_is_told_so(company: Company, email: str) -> None:
    page = await company.browser.open("administration", "/sign-in/sso")
    page = await company.browser.send(page, "/sign-in/sso", {"email": email})
    assert page.status in (404, 422)
    assert "refresh" not in page.answer.headers


async def test_a_provider_that_is_away_is_told_and_other_ways_are_offered(
    company: Company,
) -> None:
    async with company.database.unit_of_work() as session:
        mine = update(SsoConnection).where(SsoConnection.org_id == company.tenant.id)
        await session.execute(mine.values(issuer=f"http://127.0.0.1:{free_port()}"))
    page = await company.browser.open("administration", "/sign-in/sso")
    page = await company.browser.send(page, "/sign-in/sso", {"email": company.address()})
    assert page.status == 502
    assert "cannot be used now" in page.text
    assert "Sign in in another way" in page.text


async def test_a_provider_that_fails_is_not_asked_without_end(company: Company) -> None:
    async with company.database.unit_of_work() as session:
        mine = update(SsoConnection).where(SsoConnection.org_id == company.tenant.id)
        await session.execute(mine.values(issuer=f"http://127.0.0.1:{free_port()}"))
    page = await company.browser.open("administration", "/sign-in/sso")
    said = []
    for _ in range(ACCOUNT.free + 1):
        sent = await company.browser.send(page, "/sign-in/sso", {"email": company.address()})
        said.append(sent.status)
    assert said == [502] * ACCOUNT.free + [429]

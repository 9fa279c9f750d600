"""An administrator proves mail domains, by a real DNS server, and sets the provider."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from apps.administration.sign_on import service
from apps.administration.sign_on.names import Names, NotAnswered
from apps.administration.sign_on.rechecking import make_handler
from apps.administration.sign_on.rules import GRACE
from shared.clock import SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.models import AuditEntry, Job, MailDomain, SsoConnection
from shared.web import cookies
from shared.web.services import Services
from tests.administration.sso.conftest import BACK, Company
from tests.support.browsing import Browser, Page
from tests.support.builders import Tenant, make_tenant
from tests.support.names import Zone, dns_server
from tests.support.openid import Provider, Registered
from tests.support.people import add_member, make_person, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")

HOST = "administration.fortress.localhost"


@pytest.fixture
async def zone(app: FastAPI) -> AsyncIterator[Zone]:
    before = app.state.names
    async with dns_server() as running:
        app.state.names = Names(running.address)
        yield running
    app.state.names = before


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await make_tenant(database)


async def _browser(app: FastAPI, database: Database, tenant: Tenant, role: str) -> Browser:
    """Of somebody with this role who has just signed in."""
    person = await make_person(database)
    await add_member(database, tenant, person, role)
    signed_in = await sign_in(database, person, SystemClock().now())
    return Browser({"administration": app}, {HOST: {cookies.SESSION: signed_in.token}})


@pytest.fixture
async def browser(app: FastAPI, database: Database, tenant: Tenant) -> Browser:
    return await _browser(app, database, tenant, "administrator")


@pytest.fixture
def domain() -> str:
    return f"{secrets.token_hex(8)}.example.com"


async def _domain(database: Database, tenant: Tenant) -> MailDomain:
    async with database.read() as session:
        mine = select(MailDomain).where(MailDomain.org_id == tenant.id)
        return (await session.scalars(mine)).one()


async def _listed(browser: Browser, domain: str) -> Page:
    page = await browser.open("administration", "/sign-on")
    return await browser.send(page, "/sign-on/domains", {"domain": domain})


async def _checked(browser: Browser, page: Page, row: MailDomain) -> Page:
    return await browser.send(page, f"/sign-on/domains/{row.public_id}/check")


async def _actions(database: Database, tenant: Tenant) -> list[str]:
    async with database.read() as session:
        mine = select(AuditEntry.action).where(AuditEntry.org_id == tenant.id)
        return list(await session.scalars(mine.order_by(AuditEntry.id)))


async def test_a_domain_is_proved_by_its_record(
    browser: Browser, database: Database, tenant: Tenant, zone: Zone, domain: str
) -> None:
    page = await _listed(browser, f" @{domain.upper()} ")
    row = await _domain(database, tenant)
    assert f"fortress-domain={row.token}" in page.text
    page = await _checked(browser, page, row)
    assert (page.status, "None of the 0 TXT records" in page.text) == (409, True)
    zone.texts[f"{domain}."] = ["v=spf1 -all", f"fortress-domain={row.token}"]
    page = await _checked(browser, page, row)
    assert page.status == 200
    assert (await _domain(database, tenant)).proved == domain
    assert await _actions(database, tenant) == ["mail_domain.create", "mail_domain.prove"]


async def test_a_domain_is_of_one_organisation_that_proved_it(
    company: Company, browser: Browser, database: Database, tenant: Tenant, zone: Zone
) -> None:
    page = await _listed(browser, company.domain)
    row = await _domain(database, tenant)
    zone.texts[f"{company.domain}."] = [f"fortress-domain={row.token}"]
    page = await _checked(browser, page, row)
    assert page.status == 409
    assert "Another organisation has proved this domain" in page.text
    assert (await _domain(database, tenant)).proved is None


async def test_whom_an_alias_leads_to_proves_nothing(
    browser: Browser, database: Database, tenant: Tenant, zone: Zone, domain: str
) -> None:
    page = await _listed(browser, domain)
    row = await _domain(database, tenant)
    zone.alias[f"{domain}."] = "elsewhere.example.com."
    zone.texts["elsewhere.example.com."] = [f"fortress-domain={row.token}"]
    assert (await _checked(browser, page, row)).status == 409


async def test_a_domain_that_is_removed_lets_nobody_in(company: Company) -> None:
    row = await _domain(company.database, company.tenant)
    browser = await _browser(company.app, company.database, company.tenant, "administrator")
    page = await browser.open("administration", "/sign-on")
    page = await browser.send(page, f"/sign-on/domains/{row.public_id}/remove")
    assert (page.status, company.domain in page.text) == (200, False)
    path = await company.browser.open("administration", "/sign-in/sso")
    page = await company.browser.send(path, "/sign-in/sso", {"email": company.address()})
    assert page.status == 404


@pytest.mark.parametrize("typed", ["", "com", "a b.example.com", "<script>.example.com"])
async def test_what_is_no_domain_is_not_listed(browser: Browser, typed: str) -> None:
    page = await _listed(browser, typed)
    assert page.status == 422
    assert "<script>" not in page.text


async def test_a_record_that_is_gone_for_a_week_ends_the_proof(
    company: Company, services: Services, zone: Zone
) -> None:
    row = await _domain(company.database, company.tenant)
    look = make_handler(services, Names(zone.address))
    payload = {"org": company.tenant.id, "domain": row.public_id}

    async def looked() -> MailDomain:
        async with company.database.unit_of_work() as session:
            await look(session, payload)
        return await _domain(company.database, company.tenant)

    zone.texts[f"{company.domain}."] = [f"fortress-domain={row.token}"]
    assert (await looked()).missing_since is None
    zone.texts.clear()
    missing = await looked()
    assert (missing.proved, missing.missing_since is None) == (company.domain, False)
    async with company.database.unit_of_work() as session:
        long_ago = await session.get_one(MailDomain, row.id)
        long_ago.missing_since = SystemClock().now() - GRACE - timedelta(hours=1)
    assert (await looked()).proved is None
    assert "mail_domain.lapse" in await _actions(company.database, company.tenant)
    page = await company.browser.open("administration", "/sign-in/sso")
    page = await company.browser.send(page, "/sign-in/sso", {"email": company.address()})
    assert page.status == 404


async def test_a_proved_domain_is_looked_at_again_tomorrow(
    browser: Browser, database: Database, tenant: Tenant, zone: Zone, domain: str
) -> None:
    page = await _listed(browser, domain)
    row = await _domain(database, tenant)
    zone.texts[f"{domain}."] = [f"fortress-domain={row.token}"]
    await _checked(browser, page, row)
    async with database.read() as session:
        mine = select(Job).where(Job.queue == service.QUEUE, Job.key.startswith(row.public_id))
        job = (await session.scalars(mine)).one()
    assert job.run_after > SystemClock().now() + timedelta(hours=23)


async def test_a_silent_dns_server_is_told(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.administration.sign_on.names.SECONDS", 0.3)
    zone.silent = True
    with pytest.raises(NotAnswered):
        await Names(zone.address).texts("example.com")


def _form(provider: Provider, registered: Registered, **more: str) -> dict[str, str]:
    return {
        "issuer": provider.issuer,
        "client_id": registered.id,
        "secret": registered.secret,
        "role": "viewer",
        "enabled": "on",
        **more,
    }


async def test_a_provider_is_set_tried_and_removed_and_its_secret_is_shown_to_nobody(
    browser: Browser,
    database: Database,
    tenant: Tenant,
    real_provider: Provider,
    registered: Registered,
) -> None:
    page = await browser.open("administration", "/sign-on")
    assert BACK in page.text
    form = _form(real_provider, registered)
    page = await browser.send(page, "/sign-on/connection", form)
    assert (page.status, registered.secret in page.text) == (200, False)
    async with database.read() as session:
        mine = select(SsoConnection).where(SsoConnection.org_id == tenant.id)
        row = (await session.scalars(mine)).one()
        entries = await session.scalars(select(AuditEntry).where(AuditEntry.org_id == tenant.id))
        said = f"{[one.after for one in entries]} {row.client_secret}"
    assert registered.secret not in said
    page = await browser.send(page, "/sign-on/connection/test")
    assert "The provider answers" in page.text
    page = await browser.send(page, "/sign-on/connection/remove")
    assert page.status == 200
    assert await _actions(database, tenant) == ["sso.create", "sso.delete"]


async def test_another_issuer_ends_all_links(company: Company) -> None:
    await company.comes(await company.knows("ann", company.address()))
    assert len(await company.links()) == 1
    browser = await _browser(company.app, company.database, company.tenant, "administrator")
    page = await browser.open("administration", "/sign-on")
    assert company.address() in page.text
    other = {"issuer": "http://127.0.0.1:1", "secret": "of the other", "role": "viewer"}
    form = page.fields("/sign-on/connection") | other
    # Switched off: one that is on has to answer.
    del form["enabled"]
    url = f"http://{HOST}/sign-on/connection"
    headers = {"sec-fetch-site": "same-origin"}
    answer = await browser.request("POST", url, data=form, headers=headers)
    assert answer.status_code == 303, answer.text
    assert await company.links() == []


@pytest.mark.parametrize(
    ("change", "status"),
    [({"issuer": "http://127.0.0.1:1"}, 422), ({"client_id": "another"}, 422), ({}, 303)],
    ids=str,
)
async def test_a_secret_stays_with_the_issuer_and_client_that_it_was_entered_for(
    company: Company, change: dict[str, str], status: int
) -> None:
    browser = await _browser(company.app, company.database, company.tenant, "administrator")
    page = await browser.open("administration", "/sign-on")
    form = page.fields("/sign-on/connection") | {"secret": "", "role": "viewer"} | change
    # Switched off: one that is on has to answer.
    del form["enabled"]
    url = f"http://{HOST}/sign-on/connection"
    headers = {"sec-fetch-site": "same-origin"}
    answer = await browser.request("POST", url, data=form, headers=headers)
    assert answer.status_code == status
    assert ('id="secret-error"' in answer.text) is (status == 422)


async def test_who_was_unlinked_is_asked_by_a_letter_again(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    await company.comes(ann)
    [link] = await company.links()
    browser = await _browser(company.app, company.database, company.tenant, "administrator")
    page = await browser.open("administration", "/sign-on")
    await browser.send(page, f"/sign-on/links/{link.public_id}/remove")
    assert "One more step" in (await company.comes(ann)).text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": "https://user@example.com"}, "issuer"),
        ({"issuer": "http://127.0.0.1:1"}, "issuer"),
        ({"client_id": ""}, "client_id"),
        ({"secret": ""}, "secret"),
        ({"role": "owner"}, "role"),
        ({"role": "role_00000000000000000000000000"}, "role"),
        ({"role": ""}, "role"),
    ],
    ids=str,
)
async def test_a_form_that_is_not_right_is_shown_again(
    browser: Browser,
    real_provider: Provider,
    registered: Registered,
    change: dict[str, str],
    field: str,
) -> None:
    page = await browser.open("administration", "/sign-on")
    form = _form(real_provider, registered, **change)
    page = await browser.send(page, "/sign-on/connection", form)
    assert page.status >= 400
    assert f'id="{field}-error"' in page.text


@pytest.mark.parametrize("role", ["operator", "viewer"])
async def test_who_may_not_set_it_sees_nothing(
    app: FastAPI, database: Database, tenant: Tenant, role: str
) -> None:
    browser = await _browser(app, database, tenant, role)
    assert (await browser.open("administration", "/sign-on")).status == 403


async def test_what_is_not_the_organisations_is_not_there(
    browser: Browser, company: Company
) -> None:
    row = await _domain(company.database, company.tenant)
    page = await browser.open("administration", "/sign-on")
    csrf = {"csrf": page.fields("/sign-on/domains")["csrf"]}
    headers = {"sec-fetch-site": "same-origin"}
    for path in (f"domains/{row.public_id}/remove", f"links/{new_id('sid')}/remove"):
        url = f"http://{HOST}/sign-on/{path}"
        answer = await browser.request("POST", url, data=csrf, headers=headers)
        assert answer.status_code == 404
    assert (await _domain(company.database, company.tenant)).proved == company.domain

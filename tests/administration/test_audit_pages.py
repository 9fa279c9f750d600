"""`/audit` as people see it."""

from datetime import timedelta

import pytest

from shared.auth import audit
from shared.clock import from_ms
from shared.web import cookies
from shared.web.services import Services
from tests.support.browsing import Browser, at, make_apps
from tests.support.builders import Tenant, make_tenant
from tests.support.people import MadePerson, make_member, sign_in

# What the pages ask the database for, test_audit_chain.py and the API's tests ask both for.
pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
T0 = 1_763_740_800_000
SCRIPT = "<script>alert(1)</script>"


async def _signed_in(
    services: Services, role: str = "owner", ago: timedelta = timedelta()
) -> tuple[Browser, Tenant, MadePerson]:
    """The browser of a member who showed a factor so long `ago`."""
    tenant = await make_tenant(services.database)
    person, _ = await make_member(services.database, tenant, role)
    made = await sign_in(services.database, person, services.clock.now() - ago)
    browser = Browser(make_apps(services, "administration"))
    browser.jar["administration.fortress.localhost"] = {cookies.SESSION: made.token}
    return browser, tenant, person


async def _entry(services: Services, tenant: Tenant, action: str, **values: object) -> None:
    origin = audit.Origin(tenant.id, str(values.pop("actor", "key_a")), None, "192.0.2.1")
    async with services.database.unit_of_work() as session:
        audit.record(session, origin, action, "dev_a", at=from_ms(T0), after=values)


async def test_people_see_who_did_what_and_what_was_before(services: Services) -> None:
    browser, tenant, person = await _signed_in(services)
    await _entry(services, tenant, "device.change", actor=person.public_id, name=SCRIPT)
    page = await browser.open("administration", "/audit")
    assert page.status == 200
    assert "2025-11-21 16:00:00" in page.text
    assert "Somebody<br>" in page.text
    assert "&lt;script&gt;" in page.text
    assert SCRIPT not in page.text


async def test_changes_are_found_by_who_what_and_when(services: Services) -> None:
    browser, tenant, _ = await _signed_in(services)
    await _entry(services, tenant, "device.create")
    await _entry(services, tenant, "device.delete", actor="key_b")
    query = "/audit?actor=key_b&action=&target=&since=2025-11-21&until=2025-11-21"
    found = await browser.open("administration", query)
    none = await browser.open("administration", "/audit?until=2025-11-20")
    assert "device.delete" in found.text
    assert "<br><code>dev_a</code>" in found.text
    assert "device.create<br>" not in found.text
    assert "There are none." in none.text


async def test_a_day_that_is_none_is_said_beside_its_field(services: Services) -> None:
    browser, _, _ = await _signed_in(services)
    page = await browser.open("administration", "/audit?since=2025-02-30")
    assert page.status == 422
    assert 'id="since-error"' in page.text


async def test_older_changes_are_a_link_away(services: Services) -> None:
    browser, tenant, _ = await _signed_in(services)
    for number in range(51):
        await _entry(services, tenant, f"act.n{number}")
    first = await browser.open("administration", "/audit?target=dev_a")
    link = first.text.partition('<a href="/audit?target=dev_a&amp;cursor=')[2].partition('"')[0]
    second = await browser.open("administration", f"/audit?target=dev_a&cursor={link}")
    assert "act.n50<br>" in first.text
    assert "act.n0<br>" not in first.text
    assert "act.n0<br>" in second.text
    assert "Older changes" not in second.text


async def test_an_owner_says_how_long_the_audit_is_kept(services: Services) -> None:
    browser, _, _ = await _signed_in(services)
    form = await browser.open("administration", "/audit/keep")
    wrong = await browser.send(form, "/audit/keep", {"days": "30"})
    right = await browser.send(wrong, "/audit/keep", {"days": "1000"})
    assert (wrong.status, "from 90 to 3650" in wrong.text) == (422, True)
    assert (right.path, "1000 days" in right.text) == ("/audit", True)
    assert "audit.keep" in right.text


async def test_how_long_it_is_kept_needs_a_fresh_factor(services: Services) -> None:
    browser, _, _ = await _signed_in(services, ago=timedelta(hours=1))
    page = await browser.open("administration", "/audit/keep")
    assert page.path == "/confirm"


@pytest.mark.parametrize("role", ["operator", "viewer", "finance"])
async def test_who_may_not_read_the_audit_sees_none_of_it(services: Services, role: str) -> None:
    browser, _, _ = await _signed_in(services, role)
    answers = [
        await browser.request("GET", at("administration", path))
        for path in ("/audit", "/v1/audit/export", "/v1/audit/chain", "/audit/keep")
    ]
    assert [answer.status_code for answer in answers] == [403] * 4

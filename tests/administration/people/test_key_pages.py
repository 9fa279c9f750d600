"""API keys, made and revoked by people."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from shared.db import scoped
from shared.models import IdempotencyKey
from tests.administration.people.conftest import HOST, Office, on_one_database
from tests.support.browsing import Page

SCRIPT = "<script>alert(1)</script>"


async def make(
    office: Office, *scopes: str, name: str = "display", days: str = "30", **more: str
) -> Page:
    boxes = {f"scope:{one}": "on" for one in scopes}
    return await office.post(office.owner, "/keys", name=name, days=days, **boxes, **more)


def shown(page: Page) -> str:
    found = re.search(r"<code>(fk_[^<]+)</code></pre>", page.text)
    assert found is not None
    return found[1]


async def used(office: Office, key: str) -> int:
    """What the API says to the key."""
    transport = httpx.ASGITransport(app=office.home.apps["administration"])
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as http:
        return (await http.get("/v1/keys", headers={"authorization": f"Bearer {key}"})).status_code


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(office: Office) -> None:
    key = shown(await make(office, "keys:read"))
    assert await used(office, key) == 200
    listed = await office.owner.open("administration", "/keys")
    assert key not in listed.text
    assert "display" in listed.text
    action = next(each for each in listed.forms if each.endswith("/revoke"))
    await office.owner.send(listed, action)
    assert await used(office, key) == 401
    assert (await office.audited("key.create"))[-1].actor == office.home.person.public_id


async def test_people_may_revoke_the_last_key_that_makes_keys(office: Office) -> None:
    listed = await office.owner.open("administration", "/keys")
    actions = [each for each in listed.forms if each.endswith("/revoke")]
    assert len(actions) == 1
    assert (await office.owner.send(listed, actions[0])).status == 200


@on_one_database
async def test_nobody_makes_a_key_that_may_do_more_than_they(office: Office) -> None:
    role = await office.custom("keys:read", "keys:write", "organisation:read")
    person, membership = await office.member()
    await office.post(office.owner, f"/people/{membership}/role", role=role)
    browser = await office.signed_in(person)
    fields = {"name": "x", "days": "30", "scope:devices:write": "on"}
    page = await office.post(browser, "/keys", **fields)
    assert page.status == 403
    assert "your role has no devices:write" in page.text.lower()


@on_one_database
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "write a name"),
        ({"name": "a\x00"}, "cannot be shown"),
        ({"days": "9999999"}, "choose how long"),
        ({"scope:people:write": "on"}, "there is no scope"),
        ({"scope:devices:read": None}, "choose one permission"),
    ],
)
async def test_what_is_no_key_is_refused(
    office: Office, fields: dict[str, str | None], said: str
) -> None:
    wanted = {"name": "x", "days": "30", "scope:devices:read": "on", **fields}
    sent = {name: value for name, value in wanted.items() if value is not None}
    page = await office.post(office.owner, "/keys", **sent)
    assert page.status == 422
    assert said in page.text.lower()


@on_one_database
async def test_script_in_a_keys_name_is_text(office: Office) -> None:
    page = await make(office, "devices:read", name=SCRIPT)
    assert SCRIPT not in page.text
    assert SCRIPT not in (await office.owner.open("administration", "/keys")).text


@on_one_database
async def test_keys_want_a_fresh_factor_by_page_and_by_program(office: Office) -> None:
    browser = await office.signed_in(office.home.person, ago=timedelta(hours=1))
    assert (await browser.open("administration", "/keys/new")).path == "/confirm"
    page = await office.post(browser, "/keys", name="x", days="30", **{"scope:keys:read": "on"})
    assert page.status == 303


async def test_an_idempotency_key_keeps_no_page_with_a_key(office: Office) -> None:
    listed = await office.owner.open("administration", "/keys/new")
    data = {**listed.fields("/keys"), "name": "display", "days": "30", "scope:keys:read": "on"}
    headers = {"sec-fetch-site": "same-origin", "idempotency-key": "once"}
    url = f"http://{HOST}/keys"
    made = await office.owner.request("POST", url, data=data, headers=headers)
    assert "fk_" in made.text
    kept = scoped(office.home.tenant.id, select(IdempotencyKey))
    async with office.services.database.read() as session:
        assert (await session.scalars(kept)).all() == []


@on_one_database
async def test_the_audit_names_the_account_and_the_key(office: Office) -> None:
    of = {"account": "new", "account_name": "import"}
    made = await make(office, "keys:write", name="spring", **of)
    transport = httpx.ASGITransport(app=office.home.apps["administration"])
    headers = {"authorization": f"Bearer {shown(made)}"}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as http:
        await http.post("/v1/service-accounts", json={"name": "other"}, headers=headers)
    assert "import, key spring<br>" in (await office.owner.open("administration", "/audit")).text


async def test_an_account_is_made_with_its_first_key_and_disabled_and_enabled(
    office: Office,
) -> None:
    of = {"account": "new", "account_name": "import"}
    fields = {"name": "spring", "days": "30", "scope:audit:read": "on", "scope:keys:read": "on"}
    key = shown(await office.post(office.owner, "/keys", **fields, **of))
    taken = await office.post(office.owner, "/keys", **fields, **of)
    assert (taken.status, "has this name" in taken.text) == (409, True)
    listed = await office.owner.open("administration", "/keys")
    account = re.findall(r"account=(svc_\w+)", listed.text)[0]
    fields["name"] = "autumn"
    second = shown(await office.post(office.owner, "/keys", **fields, account=account))
    for action, status in (("disable", 401), ("enable", 200)):
        listed = await office.owner.open("administration", "/keys")
        await office.owner.send(listed, f"/keys/accounts/{account}/{action}")
        assert [await used(office, one) for one in (key, second)] == [status, status]
    assert "spring, autumn" in (await office.owner.open("administration", "/keys")).text

"""An organisation's own roles."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from shared.auth.permissions import PERMISSIONS
from shared.db import scoped
from shared.models import Membership, Role, SsoConnection
from tests.administration.people.conftest import Office, on_one_database
from tests.support.builders import make_tenant

SCRIPT = "<script>alert(1)</script>"


async def make(office: Office, name: str, *permissions: str) -> int:
    """The status of the answer."""
    boxes = {f"permission:{one}": "on" for one in permissions}
    return (await office.post(office.owner, "/roles", name=name, **boxes)).status


@on_one_database
async def test_every_permission_is_offered_with_its_sentence(office: Office) -> None:
    page = await office.owner.open("administration", "/roles/new")
    assert all(f'name="permission:{name}"' in page.text for name in PERMISSIONS)
    assert "Create and revoke API keys" in page.text


async def test_a_role_is_made_changed_and_deleted(office: Office) -> None:
    role = await office.custom("usage:read", name="meter reader")
    page = await office.owner.open("administration", f"/roles/{role}")
    assert 'value="meter reader"' in page.text
    changed = {"name": "reader", "permission:devices:read": "on"}
    assert (await office.post(office.owner, f"/roles/{role}", **changed)).status == 303
    page = await office.owner.open("administration", f"/roles/{role}")
    page = await office.owner.send(page, f"/roles/{role}/delete")
    assert "There are none yet." in page.text
    entries = [
        (await office.audited(f"role.{what}"))[-1] for what in ("create", "update", "delete")
    ]
    assert entries[1].before == {"name": "meter reader", "permissions": ["usage:read"]}
    assert {each.target for each in entries} == {role}


async def test_a_role_that_somebody_has_stays_and_says_by_how_many(office: Office) -> None:
    role = await office.custom("usage:read")
    _, membership = await office.member()
    async with office.services.database.unit_of_work() as session:
        mine = scoped(office.home.tenant.id, update(Membership))
        await session.execute(mine.where(Membership.public_id == membership).values(role=role))
    await office.post(office.owner, "/invitations", email="a@example.com", role=role)
    page = await office.post(office.owner, f"/roles/{role}/delete")
    assert page.status == 409
    assert "1 member and 1 open invitation have it" in page.text


async def test_a_role_that_single_sign_on_gives_stays(office: Office) -> None:
    role = await office.custom("usage:read")
    at = office.services.clock.now()
    connection = SsoConnection(
        org_id=office.home.tenant.id,
        issuer="https://provider.example.com",
        client_id="fortress",
        client_secret="sealed",
        role=role,
        created_at=at,
        updated_at=at,
    )
    async with office.services.database.unit_of_work() as session:
        session.add(connection)
    page = await office.post(office.owner, f"/roles/{role}/delete")
    assert page.status == 409
    assert "single sign-on" in page.text


@on_one_database
@pytest.mark.parametrize(
    ("name", "permissions", "status"),
    [
        ("", ["usage:read"], 422),
        ("x" * 101, ["usage:read"], 422),
        ("a\x00b", ["usage:read"], 422),
        ("Owner", ["usage:read"], 409),
        ("empty", [], 422),
        ("odd", ["nothing:real"], 422),
    ],
)
async def test_what_is_no_role_is_refused(
    office: Office, name: str, permissions: list[str], status: int
) -> None:
    assert await make(office, name, *permissions) == status


@on_one_database
async def test_two_roles_of_a_name_are_not_made(office: Office) -> None:
    assert await make(office, "Night shift", "usage:read") == 303
    assert await make(office, "night SHIFT", "usage:read") == 409


@on_one_database
async def test_nobody_puts_in_or_takes_out_what_they_may_not_do(office: Office) -> None:
    role = await office.custom("organisation:delete", "usage:read", name="ender")
    admin, _ = await office.member("administrator")
    browser = await office.signed_in(admin)
    more = {"name": "more", "permission:organisation:delete": "on"}
    less = {"name": "less", "permission:usage:read": "on"}
    answers = [
        await office.post(browser, "/roles", **more),
        await office.post(browser, f"/roles/{role}", **less),
        await office.post(browser, f"/roles/{role}/delete"),
    ]
    assert [each.status for each in answers] == [403, 403, 403]


@on_one_database
async def test_roles_of_another_organisation_are_not_there(office: Office) -> None:
    other = await make_tenant(office.services.database)
    at = office.services.clock.now()
    role = Role(org_id=other.id, name="own", permissions=["usage:read"], created_at=at)
    async with office.services.database.unit_of_work() as session:
        session.add(role)
    path = f"/roles/{role.public_id}"
    fields = {"name": "mine", "permission:usage:read": "on"}
    assert (await office.owner.open("administration", path)).status == 404
    assert (await office.post(office.owner, path, **fields)).status == 404
    assert (await office.post(office.owner, f"{path}/delete")).status == 404


async def test_what_a_role_may_do_changes_for_who_has_it_at_once(office: Office) -> None:
    role = await office.custom("organisation:read", "people:read")
    person, membership = await office.member()
    await office.post(office.owner, f"/people/{membership}/role", role=role)
    browser = await office.signed_in(person)
    assert (await browser.open("administration", "/people")).status == 200
    fields = {"name": "own", "permission:organisation:read": "on"}
    await office.post(office.owner, f"/roles/{role}", **fields)
    assert (await browser.open("administration", "/people")).status == 403


@on_one_database
async def test_script_in_a_roles_name_is_text(office: Office) -> None:
    assert await make(office, SCRIPT, "usage:read") == 303
    for path in ("/roles", "/invitations"):
        page = await office.owner.open("administration", path)
        assert "&lt;script&gt;" in page.text
        assert SCRIPT not in page.text


@on_one_database
async def test_roles_want_a_fresh_factor(office: Office) -> None:
    browser = await office.signed_in(office.home.person, ago=timedelta(hours=1))
    assert (await browser.open("administration", "/roles/new")).path == "/confirm"

"""A person takes their data away, and has it erased; the audit's chain holds as before."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from apps.administration.audit.export import ndjson
from apps.administration.audit.keeping import Keeper
from apps.administration.privacy import tables
from shared.auth import audit
from shared.auth.verify import Verified, verify
from shared.clock import from_ms
from shared.ids import digest, new_secret
from shared.models import Base, Invitation, MailToken, Passkey, Person, RecoveryCode, Totp
from shared.web import cookies
from shared.web.services import Services
from tests.support.browsing import Browser, Page, at, make_apps
from tests.support.builders import Tenant, make_tenant
from tests.support.people import MadePerson, add_member, make_member, sign_in

T0 = 1_763_740_800_000
HOST = "administration.fortress.localhost"


@dataclass
class Scene:
    """An organisation with two owners; the browser is that of the first."""

    services: Services
    tenant: Tenant
    person: MadePerson
    other: MadePerson
    other_membership: str
    browser: Browser

    async def chain(self) -> Verified:
        keeper: Keeper = self.browser.apps["administration"].state.audit_keeper
        lines = [one async for one in ndjson(self.services.database, keeper, self.tenant.id, 0)]
        return verify(b"".join(lines).splitlines(keepends=True), key=keeper.key)

    async def row(self, person: MadePerson) -> Person:
        async with self.services.database.read() as session:
            query = select(Person).where(Person.id == person.id)
            return (await session.scalars(query)).one()

    async def left(self, person: MadePerson) -> dict[str, int]:
        """How many rows of each table belong to a person."""
        found = {}
        async with self.services.database.read() as session:
            for table, condition in tables.belongings(person.id):
                count = select(func.count()).select_from(table).where(condition)
                found[table.name] = await session.scalar(count) or 0
        return found

    async def erase(self, email: str) -> Page:
        page = await self.browser.open("administration", "/account/data")
        return await self.browser.send(page, "/account/data/erase", {"email": email})


@pytest.fixture
async def scene(services: Services) -> Scene:
    tenant = await make_tenant(services.database)
    person, _ = await make_member(services.database, tenant, "owner")
    other, membership = await make_member(services.database, tenant, "owner")
    now = services.clock.now()
    made = await sign_in(services.database, person, now)
    await sign_in(services.database, person, now, app="billing")
    await _belongings(services, person)
    browser = Browser(make_apps(services, "administration"), {HOST: {cookies.SESSION: made.token}})
    return Scene(services, tenant, person, other, membership, browser)


async def _belongings(services: Services, person: MadePerson) -> None:
    """What a person proves themselves with, letters, and changes that they made."""
    now = services.clock.now()
    rows = [
        Totp(person_id=person.id, secret="sealed", last_step=1, created_at=now),
        RecoveryCode(person_id=person.id, code_hash=digest(new_secret()), created_at=now),
        Passkey(
            person_id=person.id,
            credential_id=digest(new_secret()),
            public_key=b"key",
            sign_count=0,
            transports=["usb"],
            synced=False,
            name="blue key",
            created_at=now,
        ),
        MailToken(
            person_id=person.id,
            token_hash=digest(new_secret()),
            kind="link",
            email=person.email,
            created_at=now,
            expires_at=now,
        ),
    ]
    async with services.database.unit_of_work() as session:
        session.add_all(rows)


async def _changes(scene: Scene) -> None:
    by = audit.Origin(scene.tenant.id, scene.person.public_id, None, "192.0.2.1")
    of = audit.Origin(scene.tenant.id, scene.other.public_id, None, "192.0.2.2")
    now = from_ms(T0)
    invitation = Invitation(
        org_id=scene.tenant.id,
        email=scene.person.email,
        role="viewer",
        token_hash=digest(new_secret()),
        invited_by=scene.other.public_id,
        created_at=now,
        expires_at=now,
    )
    async with scene.services.database.unit_of_work() as session:
        session.add(invitation)
        audit.record(session, by, "device.create", "dev_a", at=now, after={"name": "A"})
        email = {"email": scene.person.email}
        audit.record(session, of, "invitation.create", "ivt_a", at=now, after=email)
        names = {"before": {"name": "Old"}, "after": {"name": "New"}}
        audit.record(session, of, "person.change", scene.person.public_id, at=now, **names)


async def test_a_person_takes_everything_away_but_what_proves_them(scene: Scene) -> None:
    await _changes(scene)
    answer = await scene.browser.request("GET", at("administration", "/account/data/export"))
    found: dict[str, Any] = json.loads(answer.content)
    assert found["account"]["email"] == scene.person.email
    assert found["membership"][0]["organisation"] == scene.tenant.public_id
    assert [one["name"] for one in found["passkey"]] == ["blue key"]
    assert len(found["sign_in"]) == 2
    assert [one["email"] for one in found["invitation"]] == [scene.person.email]
    personal = sorted((one["action"], one["name"], one["value"]) for one in found["audit"])
    assert personal == [
        ("device.create", "address", "192.0.2.1"),
        ("invitation.create", "after.email", scene.person.email),
        ("person.change", "after.name", "New"),
        ("person.change", "before.name", "Old"),
    ]
    assert scene.other.email not in answer.text
    assert not [word for word in ("sealed", "hash", "credential") if word in answer.text]


async def test_an_erased_person_leaves_a_public_id_and_a_chain_that_holds(scene: Scene) -> None:
    await _changes(scene)
    before = await scene.chain()
    page = await scene.erase(scene.person.email)
    assert "Your account is erased" in page.text
    assert set((await scene.left(scene.person)).values()) == {0}
    row = await scene.row(scene.person)
    assert (row.email, row.name) == (
        f"{scene.person.public_id.lower()}@erased.invalid",
        "Erased person",
    )
    assert (row.password_hash, row.erased_at is None, row.disabled) == (None, False, True)
    after = await scene.chain()
    assert (after.start, after.entries, after.erased) == (before.start, 4, 5)
    assert cookies.SESSION not in scene.browser.jar[HOST]


async def test_what_others_did_keeps_what_is_theirs(scene: Scene) -> None:
    await _changes(scene)
    await scene.erase(scene.person.email)
    answer = await scene.browser.request(
        "GET", at("administration", "/v1/audit"), headers=scene.tenant.headers
    )
    entries = {one["action"]: one for one in answer.json()["items"]}
    assert entries["invitation.create"]["address"] == "192.0.2.2"
    assert entries["invitation.create"]["after"] == {"email": None}
    assert entries["device.create"]["after"] == {"name": "A"}
    assert entries["device.create"]["actor"] == scene.person.public_id
    assert (entries["device.create"]["address"], entries["person.erase"]["erased"]) == (
        None,
        ["address"],
    )


async def test_the_last_owner_hands_over_first(scene: Scene) -> None:
    alone = await make_tenant(scene.services.database)
    await add_member(scene.services.database, alone, scene.person, "owner")
    page = await scene.erase(scene.person.email)
    assert (page.status, "make somebody else an owner first" in page.text) == (409, True)
    assert (await scene.row(scene.person)).disabled is False
    assert (await scene.browser.open("administration", "/account")).status == 200


async def test_another_address_erases_nobody(scene: Scene) -> None:
    page = await scene.erase(scene.other.email)
    assert page.status == 422
    assert (await scene.row(scene.person)).erased_at is None


@pytest.mark.parametrize("path", ["/account/data/export", "/people/{}/erase"])
async def test_taking_away_and_erasing_need_a_fresh_factor(scene: Scene, path: str) -> None:
    ago = scene.services.clock.now() - timedelta(hours=1)
    made = await sign_in(scene.services.database, scene.person, ago)
    scene.browser.jar[HOST] = {cookies.SESSION: made.token}
    page = await scene.browser.open("administration", path.format(scene.other_membership))
    assert page.path == "/confirm"


async def test_an_administrator_erases_a_member_of_this_organisation_alone(scene: Scene) -> None:
    path = f"/people/{scene.other_membership}/erase"
    page = await scene.browser.open("administration", path)
    assert (await scene.browser.send(page, path, {"email": "wrong"})).status == 422
    done = await scene.browser.send(page, path, {"email": scene.other.email})
    assert done.path == "/people"
    assert (await scene.row(scene.other)).erased_at is not None


async def test_nobody_erases_who_belongs_elsewhere_too(scene: Scene) -> None:
    elsewhere = await make_tenant(scene.services.database)
    await add_member(scene.services.database, elsewhere, scene.other, "viewer")
    path = f"/people/{scene.other_membership}/erase"
    page = await scene.browser.open("administration", path)
    done = await scene.browser.send(page, path, {"email": scene.other.email})
    assert done.status == 409
    assert (await scene.row(scene.other)).erased_at is None


async def test_an_administrator_erases_no_owner(services: Services, scene: Scene) -> None:
    person, _ = await make_member(services.database, scene.tenant, "administrator")
    made = await sign_in(services.database, person, services.clock.now())
    scene.browser.jar[HOST] = {cookies.SESSION: made.token}
    path = f"/people/{scene.other_membership}/erase"
    page = await scene.browser.open("administration", path)
    done = await scene.browser.send(page, path, {"email": scene.other.email})
    assert done.status == 403
    assert (await scene.row(scene.other)).erased_at is None


async def test_an_address_can_be_used_again_when_its_person_is_erased(scene: Scene) -> None:
    await scene.erase(scene.person.email)
    async with scene.services.database.unit_of_work() as session:
        now = scene.services.clock.now()
        session.add(Person(email=scene.person.email, name="Somebody", created_at=now))


def test_every_table_that_refers_to_a_person_is_erased_with_them() -> None:
    referring = {
        table.name
        for table in Base.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "person"
    }
    assert referring <= {table.name for table, _ in tables.belongings(1)}
    assert {"session", "sign_in_code", "membership_group"} <= {
        table.name for table, _ in tables.belongings(1)
    }


def test_nothing_that_proves_a_person_is_given_away() -> None:
    given = {
        f"{table.name}.{column.name}"
        for table, _ in [*tables.belongings(1), (_person(), None)]
        for column in tables.shown(table)
    }
    proving = ("hash", "token", "secret", "credential", "key", "challenge", "step")
    assert {
        name for name in given if any(word in name.partition(".")[2] for word in proving)
    } == set()


def _person() -> Table:
    return Base.metadata.tables["person"]

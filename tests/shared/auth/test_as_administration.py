"""What administration does with people, as its own database user: with its grants."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shared.auth import people, sessions, throttle
from shared.auth.permissions import ROLES
from shared.auth.principal import Principal
from shared.auth.throttle import Throttle
from shared.db import Database
from shared.ids import digest, new_id, new_secret
from shared.models import AppSession, Invitation, MailToken, Role, SignIn
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.builders import Tenant, make_tenant
from tests.support.people import LIFETIMES, make_member, make_person, sign_in

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def own(services: Services) -> Database:
    return as_user(services, "administration").database


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await make_tenant(database)


async def test_it_makes_members_and_changes_and_ends_them(own: Database, tenant: Tenant) -> None:
    by = Principal(tenant.id, tenant.public_id, "usr_X", ROLES["owner"], person_id=0)
    person, membership = await make_member(own, tenant, "viewer")
    async with own.unit_of_work() as session:
        await people.set_role(session, by, membership, "analyst")
        await people.remove(session, by, membership, NOW)
        await people.disable(session, person.id, NOW)
        assert await people.belongs_to(session, person.id) == []


async def test_it_signs_people_in_and_forgets_it_in_time(own: Database, tenant: Tenant) -> None:
    person, _ = await make_member(own, tenant, "viewer")
    made = await sign_in(own, person, NOW)
    async with own.unit_of_work() as session:
        found = await sessions.find(session, made.token, "administration", NOW, lifetimes=LIFETIMES)
        assert found is not None
        await sessions.touch(session, found, NOW)
        await sessions.confirm(session, found, NOW)
        await sessions.end_all(session, person.id, NOW)
    async with own.unit_of_work() as session:
        while await sessions.prune(session, NOW + timedelta(days=1)):
            pass
    async with own.read() as session:
        left = select(AppSession.id).join(SignIn).where(SignIn.person_id == person.id)
        assert (await session.scalars(left)).all() == []


async def test_it_counts_attempts_and_forgets_them(own: Database) -> None:
    slow = Throttle(new_id("secret"), "password")
    attempt = await slow.admit(own, "a@example.com", "192.0.2.7", NOW)
    async with own.unit_of_work() as session:
        await slow.passed(session, attempt, NOW)
        while await throttle.prune(session, NOW + timedelta(days=9)):
            pass


@pytest.mark.parametrize("kind", ["role", "mail_token"])
async def test_it_makes_changes_and_removes(own: Database, tenant: Tenant, kind: str) -> None:
    person = await make_person(own)
    until = NOW + timedelta(hours=1)
    made: Any = {
        "role": Role(org_id=tenant.id, name="own", permissions=[], created_at=NOW),
        "mail_token": MailToken(
            token_hash=digest(new_secret()),
            person_id=person.id,
            kind="reset",
            email=person.email,
            created_at=NOW,
            expires_at=until,
        ),
    }[kind]
    async with own.unit_of_work() as session:
        session.add(made)
        await session.flush()
        setattr(made, "name" if kind == "role" else "used_at", "new" if kind == "role" else NOW)
        await session.flush()
        await session.refresh(made)
        await session.delete(made)


async def test_it_invites_and_revokes(own: Database, tenant: Tenant) -> None:
    async with own.unit_of_work() as session:
        made = Invitation(
            org_id=tenant.id,
            email="a@example.com",
            role="viewer",
            token_hash=digest(new_secret()),
            invited_by="usr_X",
            created_at=NOW,
            expires_at=NOW + timedelta(days=7),
        )
        session.add(made)
        await session.flush()
        made.revoked_at = NOW
        await session.flush()
        await session.refresh(made)
        assert made.revoked_at == NOW

"""Builders of people and of what they are signed in with."""

from dataclasses import dataclass
from datetime import datetime

from shared.auth import sessions
from shared.auth.people import join
from shared.auth.sessions import Lifetimes
from shared.clock import SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.models import Person
from tests.support.builders import Tenant

LIFETIMES = Lifetimes()


@dataclass(frozen=True)
class MadePerson:
    id: int
    public_id: str
    email: str


@dataclass(frozen=True)
class MadeSignIn:
    """A sign-in, and the token of its session in one app."""

    id: int
    public_id: str
    token: str


async def make_person(
    database: Database, *, disabled: bool = False, password_hash: str | None = None
) -> MadePerson:
    email = f"{new_id('p').lower()}@example.com"
    now = SystemClock().now()
    person = Person(
        email=email, name="Somebody", disabled=disabled, created_at=now, password_hash=password_hash
    )
    async with database.unit_of_work() as session:
        session.add(person)
    return MadePerson(person.id, person.public_id, email)


async def make_member(database: Database, tenant: Tenant, role: str) -> tuple[MadePerson, str]:
    """A person in an organisation, and the public id of the membership."""
    person = await make_person(database)
    return person, await add_member(database, tenant, person, role)


async def add_member(database: Database, tenant: Tenant, person: MadePerson, role: str) -> str:
    async with database.unit_of_work() as session:
        made = await join(session, tenant.id, person.id, role, SystemClock().now())
    return made.public_id


async def sign_in(
    database: Database, person: MadePerson, now: datetime, app: str = "administration"
) -> MadeSignIn:
    async with database.unit_of_work() as session:
        row = await sessions.begin(session, person.id, "password", now, lifetimes=LIFETIMES)
        token = await sessions.open_session(session, row.id, app, now)
    return MadeSignIn(row.id, row.public_id, token)

"""Giving a person what is kept of them, and erasing it."""

import json
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.privacy import repository, tables
from apps.administration.privacy.errors import NotConfirmed
from shared.auth import former, people
from shared.auth.audit import mail_subject
from shared.db import Database
from shared.models import Person

AT_ONCE = 200
ERASED = "Erased person"


async def export(database: Database, person_id: int, now: datetime) -> AsyncGenerator[bytes, None]:
    """One JSON document, a part in memory: the account, every table that belongs to it by its
    name, and what audits have by the person or personally of them.
    """
    async with database.read() as session:
        found = await repository.person(session, person_id)
        parts: dict[str, Any] = {"exported_at": now, "account": _account(found)}
        for table, condition in tables.belongings(person_id):
            parts[table.name] = await repository.rows(session, table, condition)
        parts["invitation"] = await repository.invitations(session, found.email)
        parts["former_member"] = await repository.left(session, _subjects(found))
    lines = [f"{json.dumps(name)}: {_json(value)}" for name, value in parts.items()]
    yield ("{\n" + ",\n".join(lines) + ',\n"audit": [').encode()
    begun = False
    async for entry in _entries(database, _subjects(found)):
        yield (("," if begun else "") + "\n" + _json(entry)).encode()
        begun = True
    yield b"\n]}\n"


async def erase(session: AsyncSession, person_id: int, now: datetime) -> str:
    """Make a person nobody: name, address, password, factors, sign-ins, memberships are gone, and
    in audits what is personal; their public id stays. Returns the address that it was.

    Raises `LastOwner`: an organisation that has no other owner is handed over first.
    """
    await people.disable(session, person_id, now)
    await former.note_everywhere(session, person_id, now)
    found = await repository.person(session, person_id)
    # What is not written yet belongs to what is erased, too.
    await session.flush()
    email = found.email
    await repository.erase(session, found, _subjects(found), now)
    found.email, found.name = f"{found.public_id.lower()}@erased.invalid", ERASED
    found.password_hash = found.password_changed_at = found.mail_proved_at = None
    found.support_since = None
    found.erased_at = now
    return email


async def follow(session: AsyncSession, person_id: int, before: str) -> None:
    """A person has another address now: what is kept under the one `before` stays theirs, to be
    exported and erased.
    """
    found = await repository.person(session, person_id)
    await repository.follow(session, found, mail_subject(before), before)


def check_confirmed(email: str, typed: str) -> None:
    """Raises `NotConfirmed` unless the address was typed."""
    if typed.strip().lower() != email.lower():
        raise NotConfirmed


def _subjects(found: Person) -> list[str]:
    return [found.public_id, mail_subject(found.email)]


def _account(found: Person) -> dict[str, Any]:
    return {column.name: getattr(found, column.name) for column in tables.shown(Person.__table__)}


async def _entries(database: Database, subjects: list[str]) -> AsyncGenerator[dict[str, Any], None]:
    after, full = (0, "", ""), True
    while full:
        async with database.read() as session:
            rows = await repository.entries(session, subjects, after, AT_ONCE)
        for row in rows:
            after = (row.pop("org_id"), row["entry"], row["name"])
            yield row
        full = len(rows) == AT_ONCE


def _json(value: Any) -> str:
    return json.dumps(value, default=str)

"""Queries about the audit. There is nothing here that changes an entry."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shared.auth.audit import person_of
from shared.clock import from_ms
from shared.db import AsyncReadSession
from shared.db.chunks import chunks
from shared.db.scope import scoped
from shared.models import ApiKey, AuditEntry, AuditPersonal, Person, ServiceAccount


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; none: all. Times in epoch milliseconds, `end` not included."""

    action: str | None = None
    target: str | None = None
    actor: str | None = None
    start: int | None = None
    end: int | None = None


async def find(session: AsyncReadSession, org_id: int, public_id: str) -> AuditEntry | None:
    query = select(AuditEntry).where(AuditEntry.public_id == public_id)
    found: AuditEntry | None = await session.scalar(scoped(org_id, query))
    return found


async def newest(
    session: AsyncReadSession, org_id: int, wanted: Filter, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """Entries from the newest on, those with a lower number than `before`."""
    query = scoped(org_id, select(AuditEntry)).order_by(AuditEntry.id.desc()).limit(limit)
    for name in ("action", "target", "actor"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(AuditEntry, name) == value)
    if wanted.start is not None:
        query = query.where(AuditEntry.at >= from_ms(wanted.start))
    if wanted.end is not None:
        query = query.where(AuditEntry.at < from_ms(wanted.end))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return (await session.scalars(query)).all()


async def personal(
    session: AsyncReadSession, org_id: int, entries: Sequence[AuditEntry]
) -> dict[tuple[str, str], Any]:
    """Personal values that are still there, by the entry's public id and their name."""
    found: dict[tuple[str, str], Any] = {}
    with_some = [entry.public_id for entry in entries if entry.digests]
    for chunk in chunks(with_some, len):
        query = select(AuditPersonal).where(AuditPersonal.entry.in_(chunk))
        for one in await session.scalars(scoped(org_id, query)):
            found[one.entry, one.name] = one.value
    return found


async def names(session: AsyncReadSession, org_id: int, actors: Collection[str]) -> dict[str, str]:
    """What those of the actors are called who have a name: people by theirs, keys by theirs,
    behind that of their service account.
    """
    people = {person: actor for actor in actors if (person := person_of(actor))}
    known = select(Person.public_id, Person.name).where(Person.public_id.in_(people))
    rows = await session.execute(known.where(Person.erased_at.is_(None)))
    named = {people[public_id]: name for public_id, name in rows}
    keys = [actor for actor in actors if actor.startswith("key_")]
    query = (
        select(ApiKey.public_id, ApiKey.name, ServiceAccount.name.label("account"))
        .outerjoin(ServiceAccount, ServiceAccount.id == ApiKey.service_account_id)
        .where(ApiKey.public_id.in_(keys))
    )
    found = await session.execute(scoped(org_id, query))
    return named | {
        row.public_id: f"{row.account}, key {row.name}" if row.account else row.name
        for row in found
    }

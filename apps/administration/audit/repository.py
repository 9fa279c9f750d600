"""Queries about the audit. There is nothing here that changes an entry."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shared.clock import from_ms
from shared.db import AsyncReadSession
from shared.db.scope import scoped
from shared.models import AuditEntry


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

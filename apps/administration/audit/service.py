"""Reading the audit."""

from dataclasses import astuple

from apps.administration.audit import repository
from apps.administration.audit.errors import NoSuchEntry, StartAfterEnd
from apps.administration.audit.repository import Filter
from apps.administration.audit.schemas import EntryOut
from shared.db import AsyncReadSession
from shared.models import AuditEntry
from shared.web.cursors import Cursors
from shared.web.schemas import Page


async def get(session: AsyncReadSession, org_id: int, public_id: str) -> EntryOut:
    """Raises `NoSuchEntry`."""
    found = await repository.find(session, org_id, public_id)
    if found is None:
        raise NoSuchEntry(public_id)
    return _shown(found)


async def page(
    session: AsyncReadSession,
    org_id: int,
    cursors: Cursors,
    wanted: Filter,
    *,
    limit: int,
    cursor: str | None,
) -> Page[EntryOut]:
    """Newest first. Raises `StartAfterEnd`, and `BadRequest` for a cursor of another list."""
    if wanted.start is not None and wanted.end is not None and wanted.start > wanted.end:
        raise StartAfterEnd
    query = ["audit", org_id, *astuple(wanted)]
    before = cursors.decode(query, cursor)[0] if cursor else None
    rows = await repository.newest(session, org_id, wanted, before, limit + 1)
    more = len(rows) > limit
    after = cursors.encode(query, [rows[limit - 1].id]) if more else None
    return Page(items=[_shown(row) for row in rows[:limit]], next=after)


def _shown(row: AuditEntry) -> EntryOut:
    return EntryOut(
        id=row.public_id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        target=row.target,
        before=row.before,
        after=row.after,
        request_id=row.request_id,
        address=row.address,
    )

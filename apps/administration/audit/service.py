"""Reading the audit."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.audit import chains, repository
from apps.administration.audit.errors import KeptTooShortOrLong, NoSuchEntry, StartAfterEnd
from apps.administration.audit.keeping import LONGEST, SHORTEST, Keeper
from apps.administration.audit.repository import Filter
from apps.administration.audit.schemas import ChainOut, EntryOut
from shared.auth import audit
from shared.db import AsyncReadSession
from shared.models import AuditEntry
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page


async def get(session: AsyncReadSession, org_id: int, public_id: str) -> EntryOut:
    """Raises `NoSuchEntry`."""
    found = await repository.find(session, org_id, public_id)
    if found is None:
        raise NoSuchEntry(public_id)
    personal = await repository.personal(session, org_id, [found])
    return _shown(found, personal)


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
    personal = await repository.personal(session, org_id, rows)
    return Page(items=[_shown(row, personal) for row in rows[:limit]], next=after)


async def names(
    session: AsyncReadSession, org_id: int, entries: Iterable[EntryOut]
) -> dict[str, str]:
    """What the actors of entries are called, as far as they have a name."""
    return await repository.names(session, org_id, {entry.actor for entry in entries})


async def chain(session: AsyncReadSession, org_id: int, keeper: Keeper) -> ChainOut:
    """Where the chain begins and ends, as far as it is sealed."""
    found = await chains.find(session, org_id) or chains.empty(org_id)
    organisation = await chains.public_id(session, org_id)
    return ChainOut(
        first=found.first,
        last=found.last,
        head=found.head.hex(),
        key=keeper.key,
        signed=keeper.sealer.signed(organisation, found),
        keep_days=found.keep_days or keeper.keep_days,
    )


async def set_keep_days(
    session: AsyncSession, change: Change, keeper: Keeper, keep_days: int
) -> None:
    """Keep entries for so many days from now on. Raises `KeptTooShortOrLong`."""
    if not SHORTEST <= keep_days <= LONGEST:
        raise KeptTooShortOrLong(SHORTEST, LONGEST)
    found = await chains.hold(session, change.origin.org_id)
    before = found.keep_days or keeper.keep_days
    if before != keep_days:
        found.keep_days = keep_days
        audit.record(
            session,
            change.origin,
            "audit.keep",
            change.principal.org_public_id,
            at=change.now,
            before={"days": before},
            after={"days": keep_days},
        )


def _shown(row: AuditEntry, personal: Mapping[tuple[str, str], Any]) -> EntryOut:
    values: dict[str, Any] = {
        "before": row.before,
        "after": row.after,
        "address": row.address,
    }
    erased = []
    for name in row.digests or {}:
        value = personal.get((row.public_id, name))
        if value is None:
            erased.append(name)
        where, _, inner = name.partition(".")
        # The row is not changed: its own values stay as they are.
        values[where] = {**(values[where] or {}), inner: value} if inner else value
    return EntryOut(
        id=row.public_id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        target=row.target,
        request_id=row.request_id,
        erased=sorted(erased),
        **values,
    )

"""Queries about all that is kept of one person, over all organisations."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, delete, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.privacy import tables
from shared.db.chunks import chunks, length
from shared.models import AuditEntry, AuditPersonal, FormerMember, Invitation, Organisation, Person


async def person(session: AsyncSession, person_id: int) -> Person:
    return (await session.scalars(select(Person).where(Person.id == person_id))).one()


async def rows(session: AsyncSession, table: Table, condition: Any) -> list[dict[str, Any]]:
    """A person's rows of a table, with the organisation's public id where there is one."""
    columns = tables.shown(table)
    query = select(*columns).where(condition)
    if "org_id" in table.columns:
        query = query.add_columns(Organisation.public_id.label("organisation"))
        query = query.join_from(table, Organisation, Organisation.id == table.c.org_id)
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def invitations(session: AsyncSession, email: str) -> list[dict[str, Any]]:
    table = Invitation.__table__
    assert isinstance(table, Table)
    return await rows(session, table, table.c.email == email)


async def left(session: AsyncSession, subjects: Sequence[str]) -> list[dict[str, Any]]:
    """Which organisations a person was a member of before."""
    table = FormerMember.__table__
    assert isinstance(table, Table)
    return await rows(session, table, table.c.subject.in_(subjects))


async def entries(
    session: AsyncSession, subjects: Sequence[str], after: tuple[int, str, str], limit: int
) -> list[dict[str, Any]]:
    """What the audits of all organisations have by a person, or personally of them."""
    place = AuditPersonal.org_id, AuditPersonal.entry, AuditPersonal.name
    later = or_(
        AuditPersonal.org_id > after[0],
        and_(AuditPersonal.org_id == after[0], tuple_(*place[1:]) > after[1:]),
    )
    query = (
        select(  # unscoped: what is kept of a person, in every organisation
            *place,
            AuditPersonal.value,
            AuditEntry.at,
            AuditEntry.actor,
            AuditEntry.action,
            AuditEntry.target,
            Organisation.public_id.label("organisation"),
        )
        .join(AuditEntry, AuditEntry.public_id == AuditPersonal.entry)
        .join(Organisation, Organisation.id == AuditPersonal.org_id)
        .where(AuditPersonal.subject.in_(subjects), later)
        .order_by(*place)
        .limit(limit)
    )
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def follow(session: AsyncSession, found: Person, subject: str, email: str) -> None:
    """What audits have of an address of before (its `subject`) is the person's, who has another
    now; invitations to it, which somebody else may read from here on, are gone.
    """
    columns = AuditPersonal.__table__.columns
    query = select(*columns).where(AuditPersonal.subject == subject)  # unscoped: in every one
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    personal = delete(AuditPersonal)  # unscoped: in every organisation
    await session.execute(personal.where(AuditPersonal.subject == subject))
    # Not one UPDATE: administration may give and take personal values, but not change them.
    for chunk in chunks(rows, lambda row: 300 + length(json.dumps(row["value"]))):
        moved = [{**row, "subject": found.public_id} for row in chunk]
        await session.execute(insert(AuditPersonal), moved)
    invited = delete(Invitation)  # unscoped: in every organisation
    await session.execute(invited.where(Invitation.email == email))


async def erase(
    session: AsyncSession, found: Person, subjects: Sequence[str], now: datetime
) -> None:
    """Delete what belongs to a person, and what is personal of them in the audit; end the
    invitations that they sent.
    """
    sent = update(Invitation).where(Invitation.invited_by == found.public_id)  # unscoped: of one
    await session.execute(
        sent.where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)).values(
            revoked_at=now
        )
    )
    for table, condition in tables.belongings(found.id):
        await session.execute(delete(table).where(condition))  # unscoped: of one person
    invited = delete(Invitation)  # unscoped: in every organisation
    await session.execute(invited.where(Invitation.email == found.email))
    personal = delete(AuditPersonal)  # unscoped: in every organisation
    await session.execute(personal.where(AuditPersonal.subject.in_(subjects)))

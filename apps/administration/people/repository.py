"""Queries about members."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.models import AppSession, Invitation, Membership, Person, SignIn

MemberRow = Row[*tuple[Any, ...]]


def _members() -> Select[*tuple[Any, ...]]:
    return select(  # unscoped: each that is made of it is
        Membership.id,
        Membership.public_id,
        Membership.person_id,
        Membership.role,
        Membership.created_at,
        Person.public_id.label("person"),
        Person.name,
        Person.email,
        Person.disabled,
    ).join(Person, Person.id == Membership.person_id)


async def page(session: AsyncSession, org_id: int, after: int, limit: int) -> Sequence[MemberRow]:
    """Members in the order in which they joined, those with a higher number than `after`."""
    query = _members().where(Membership.id > after).order_by(Membership.id).limit(limit)
    return (await session.execute(scoped(org_id, query))).all()


async def find(session: AsyncSession, org_id: int, public_id: str) -> MemberRow | None:
    query = scoped(org_id, _members()).where(Membership.public_id == public_id)
    return (await session.execute(query)).one_or_none()


async def of_person(session: AsyncSession, org_id: int, person_id: int) -> str | None:
    """The public id of a person's membership."""
    query = select(Membership.public_id).where(Membership.person_id == person_id)
    found: str | None = await session.scalar(scoped(org_id, query))
    return found


async def last_seen(
    session: AsyncSession, org_id: int, people: Collection[int]
) -> dict[int, datetime]:
    """Person → when they last did something in this organisation, in any app."""
    query = (
        select(AppSession.org_id, SignIn.person_id, func.max(AppSession.seen_at).label("seen_at"))
        .join(SignIn, SignIn.id == AppSession.sign_in_id)
        .where(SignIn.person_id.in_(people))
        .group_by(AppSession.org_id, SignIn.person_id)
    )
    rows = await session.execute(scoped(org_id, query))
    return {row.person_id: row.seen_at for row in rows}


async def belongs_elsewhere(session: AsyncSession, org_id: int, person_id: int) -> bool:
    query = select(Membership.id).where(  # unscoped: it is the others that are asked for
        Membership.person_id == person_id, Membership.org_id != org_id
    )
    return await session.scalar(query.limit(1)) is not None


async def enable(session: AsyncSession, person_id: int) -> None:
    await session.execute(update(Person).where(Person.id == person_id).values(disabled=False))


async def revoke_invitations_of(
    session: AsyncSession, org_id: int, inviter: str, now: datetime
) -> list[str]:
    """End what somebody (a public id) invited to and is still open; returns which."""
    open_ones = (
        Invitation.invited_by == inviter,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > now,
    )
    found = select(Invitation.public_id).where(*open_ones)
    ids = list(await session.scalars(lock_rows(scoped(org_id, found))))
    if ids:
        mine = scoped(org_id, update(Invitation)).where(Invitation.public_id.in_(ids))
        await session.execute(mine.values(revoked_at=now))
    return ids

"""Queries about invitations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows, share_rows
from shared.db.scope import scoped
from shared.ids import digest
from shared.models import Invitation, Membership, Organisation, Person


@dataclass(frozen=True, slots=True)
class Found:
    """An open invitation, as whoever has its link sees it. `person_id`: whose the address is."""

    id: int
    public_id: str
    org_id: int
    organisation: str
    organisation_name: str
    email: str
    role: str
    person_id: int | None
    invited_by: str


def is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What a statement asks for, so that an invitation can be accepted."""
    return (
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > now,
    )


async def hold(session: AsyncSession, org_id: int) -> None:
    """Changes of invitations and of roles come one behind the other in an organisation."""
    await session.execute(lock_rows(select(Organisation.id).where(Organisation.id == org_id)))


async def listed(session: AsyncSession, org_id: int, since: datetime) -> Sequence[Invitation]:
    """Those that wait to be accepted, and those that expired after `since`; newest first."""
    query = scoped(org_id, select(Invitation)).where(
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > since,
    )
    return (await session.scalars(query.order_by(Invitation.id.desc()))).all()


async def find(session: AsyncSession, org_id: int, public_id: str) -> Invitation | None:
    """One that is neither accepted nor revoked; it may have expired."""
    query = scoped(org_id, select(Invitation)).where(
        Invitation.public_id == public_id,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    found: Invitation | None = await session.scalar(lock_rows(query))
    return found


async def open_for(session: AsyncSession, org_id: int, email: str, now: datetime) -> bool:
    query = select(Invitation.id).where(Invitation.email == email, *is_open(now)).limit(1)
    return await session.scalar(scoped(org_id, query)) is not None


async def count_open(session: AsyncSession, org_id: int, now: datetime) -> int:
    query = select(func.count(Invitation.id)).where(*is_open(now))
    return await session.scalar(scoped(org_id, query)) or 0


async def is_member(session: AsyncSession, org_id: int, email: str) -> bool:
    query = select(Membership.id).join(Person).where(Person.email == email).limit(1)
    return await session.scalar(scoped(org_id, query)) is not None


async def by_token(session: AsyncSession, token: str, now: datetime) -> Found | None:
    """The open invitation whose link carries `token`."""
    row = (
        await session.execute(
            select(  # unscoped: the token names the invitation, and that the organisation
                Invitation.id,
                Invitation.public_id,
                Invitation.org_id,
                Organisation.public_id.label("organisation"),
                Organisation.name,
                Invitation.email,
                Invitation.role,
                Person.id.label("person_id"),
                Invitation.invited_by,
            )
            .join(Organisation, Organisation.id == Invitation.org_id)
            .outerjoin(Person, Person.email == Invitation.email)
            .where(Invitation.token_hash == digest(token), *is_open(now))
        )
    ).one_or_none()
    return None if row is None else Found(*row)


async def role_of_inviter(session: AsyncSession, found: Found) -> str | None:
    """The role that whoever sent an invitation has now, whatever this transaction saw before; none
    where they are no member any more, or disabled.
    """
    query = (
        select(Membership.role)
        .join(Person, Person.id == Membership.person_id)
        .where(Person.public_id == found.invited_by, Person.disabled.is_(False))
    )
    role: str | None = await session.scalar(share_rows(scoped(found.org_id, query)))
    return role


async def accept(session: AsyncSession, found: Found, now: datetime) -> bool:
    """Whether it was open until now: of two at once only one hears yes."""
    done = await session.execute(
        scoped(found.org_id, update(Invitation))
        .where(Invitation.id == found.id, *is_open(now))
        .values(accepted_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one

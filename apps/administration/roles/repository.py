"""Queries about roles."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.models import Invitation, Membership, Organisation, Role, SsoConnection


async def hold(session: AsyncSession, org_id: int) -> None:
    """Changes of roles, and of who has them, come one behind the other in an organisation."""
    await session.execute(lock_rows(select(Organisation.id).where(Organisation.id == org_id)))


async def organisation(session: AsyncSession, org_id: int) -> str:
    query = select(Organisation.name).where(Organisation.id == org_id)
    return (await session.scalars(query)).one()


async def find(session: AsyncSession, org_id: int, public_id: str) -> Role | None:
    query = scoped(org_id, select(Role).where(Role.public_id == public_id))
    found: Role | None = await session.scalar(query)
    return found


async def every(session: AsyncSession, org_id: int) -> Sequence[Role]:
    """All of an organisation's own, by name."""
    return (await session.scalars(scoped(org_id, select(Role)).order_by(Role.name, Role.id))).all()


async def members_by_role(session: AsyncSession, org_id: int) -> dict[str, int]:
    """Role → how many members have it, built-in ones too."""
    query = select(Membership.role, func.count(Membership.id).label("members")).group_by(
        Membership.role
    )
    rows = await session.execute(scoped(org_id, query))
    return {row.role: row.members for row in rows}


async def members_with(session: AsyncSession, org_id: int, role: str) -> int:
    having = select(func.count(Membership.id)).where(Membership.role == role)
    return await session.scalar(scoped(org_id, having)) or 0


async def invitations_to(session: AsyncSession, org_id: int, role: str, now: datetime) -> int:
    """How many open invitations give a role."""
    giving = select(func.count(Invitation.id)).where(
        Invitation.role == role,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > now,
    )
    return await session.scalar(scoped(org_id, giving)) or 0


async def given_by_sign_on(session: AsyncSession, org_id: int, role: str) -> bool:
    """Whether who comes by single sign-on for the first time gets the role."""
    giving = select(SsoConnection.id).where(SsoConnection.role == role)
    return await session.scalar(scoped(org_id, giving)) is not None

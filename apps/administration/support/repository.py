"""Queries about support that is let in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.models import Organisation, SupportGrant


async def hold(session: AsyncSession, org_id: int) -> None:
    """Others who change the same wait until this commits."""
    await session.execute(lock_rows(select(Organisation.id).where(Organisation.id == org_id)))


async def active(session: AsyncSession, org_id: int, now: datetime) -> Sequence[SupportGrant]:
    query = select(SupportGrant).where(
        SupportGrant.expires_at > now, SupportGrant.revoked_at.is_(None)
    )
    return (await session.scalars(scoped(org_id, query))).all()


async def find(session: AsyncSession, org_id: int, public_id: str) -> SupportGrant | None:
    query = scoped(org_id, select(SupportGrant).where(SupportGrant.public_id == public_id))
    found: SupportGrant | None = await session.scalar(query)
    return found


async def newest(session: AsyncSession, org_id: int, limit: int) -> Sequence[SupportGrant]:
    query = scoped(org_id, select(SupportGrant)).order_by(SupportGrant.id.desc()).limit(limit)
    return (await session.scalars(query)).all()

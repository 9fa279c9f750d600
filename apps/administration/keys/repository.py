"""Queries about API keys."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.models import ApiKey, Organisation


async def find(session: AsyncSession, org_id: int, public_id: str) -> ApiKey | None:
    query = scoped(org_id, select(ApiKey).where(ApiKey.public_id == public_id))
    found: ApiKey | None = await session.scalar(query)
    return found


async def newest(
    session: AsyncSession, org_id: int, before: int | None, limit: int
) -> Sequence[ApiKey]:
    """Keys from the newest on, those with a lower number than `before`."""
    query = scoped(org_id, select(ApiKey)).order_by(ApiKey.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ApiKey.id < before)
    return (await session.scalars(query)).all()


async def standing_locked(session: AsyncSession, org_id: int) -> Sequence[ApiKey]:
    """All keys that are not revoked, with changes to the organisation's keys made to wait.

    The organisation's row is what two requests that change keys at once wait for: a key that is
    being added has no row to lock yet. A locking read sees what was committed meanwhile.
    """
    await session.execute(lock_rows(select(Organisation.id).where(Organisation.id == org_id)))
    query = select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.id)
    return (await session.scalars(lock_rows(scoped(org_id, query)))).all()

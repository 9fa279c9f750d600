"""Queries about service accounts."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.models import ApiKey, ServiceAccount


async def find(session: AsyncSession, org_id: int, public_id: str) -> ServiceAccount | None:
    query = select(ServiceAccount).where(ServiceAccount.public_id == public_id)
    found: ServiceAccount | None = await session.scalar(scoped(org_id, query))
    return found


async def newest(
    session: AsyncSession, org_id: int, before: int | None, limit: int
) -> Sequence[ServiceAccount]:
    """Accounts from the newest on, those with a lower number than `before`."""
    query = scoped(org_id, select(ServiceAccount)).order_by(ServiceAccount.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ServiceAccount.id < before)
    return (await session.scalars(query)).all()


async def every_locked(session: AsyncSession, org_id: int) -> Sequence[ServiceAccount]:
    """All accounts, as they are now. Whoever asks holds the organisation's lock
    (`keys.repository.standing_locked`).
    """
    query = scoped(org_id, select(ServiceAccount)).order_by(ServiceAccount.id)
    return (await session.scalars(lock_rows(query))).all()


async def keys_of(
    session: AsyncSession, org_id: int, accounts: Collection[int]
) -> dict[int, list[ApiKey]]:
    """Account → its keys that are not revoked, oldest first."""
    query = select(ApiKey).where(
        ApiKey.service_account_id.in_(accounts), ApiKey.revoked_at.is_(None)
    )
    found: dict[int, list[ApiKey]] = {account: [] for account in accounts}
    for key in await session.scalars(scoped(org_id, query).order_by(ApiKey.id)):
        if key.service_account_id is not None:
            found[key.service_account_id].append(key)
    return found

"""Queries about API keys."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.models import ApiKey, Organisation, ServiceAccount

Held = tuple[ApiKey, ServiceAccount | None]
"""A key and the service account that holds it."""


async def find(session: AsyncSession, org_id: int, public_id: str) -> Held | None:
    query = scoped(org_id, _held().where(ApiKey.public_id == public_id))
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def newest(
    session: AsyncSession, org_id: int, before: int | None, limit: int
) -> Sequence[Held]:
    """Keys from the newest on, those with a lower number than `before`."""
    query = scoped(org_id, _held()).order_by(ApiKey.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ApiKey.id < before)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def standing_locked(session: AsyncSession, org_id: int) -> Sequence[ApiKey]:
    """All keys that are not revoked, with changes to the organisation's keys made to wait.

    The organisation's row is what two requests that change keys at once wait for: a key that is
    being added has no row to lock yet. A locking read sees what was committed meanwhile.
    """
    await session.execute(lock_rows(select(Organisation.id).where(Organisation.id == org_id)))
    query = select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.id)
    return (await session.scalars(lock_rows(scoped(org_id, query)))).all()


def _held() -> Select[*tuple[Any, ...]]:
    query = select(ApiKey, ServiceAccount)  # unscoped: whoever asks for it limits it
    return query.outerjoin(ServiceAccount, ServiceAccount.id == ApiKey.service_account_id)

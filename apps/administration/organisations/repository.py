"""Queries about organisations."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.models import Organisation


async def find(session: AsyncSession, org_id: int, public_id: str) -> Organisation | None:
    """The organisation, if it is the one that is asked for."""
    return await session.scalar(_one(org_id, public_id))


async def find_locked(session: AsyncSession, org_id: int, public_id: str) -> Organisation | None:
    """The same, with its row locked until the transaction ends."""
    found: Organisation | None = await session.scalar(lock_rows(_one(org_id, public_id)))
    return found


def _one(org_id: int, public_id: str) -> Select[Organisation]:
    return select(Organisation).where(
        Organisation.id == org_id, Organisation.public_id == public_id
    )

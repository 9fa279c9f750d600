"""Programmes in the database."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import scoped
from shared.db.dialect import lock_rows, share_rows
from shared.models import Programme


async def find(session: AsyncSession, org_id: int, public_id: str) -> Programme | None:
    wanted = scoped(org_id, select(Programme).where(Programme.public_id == public_id))
    return (await session.scalars(wanted)).one_or_none()


async def lock(session: AsyncSession, org_id: int, public_id: str) -> Programme | None:
    """The programme, with its tags kept from changing and from being looked up until the end of
    the transaction: see `share`.
    """
    wanted = scoped(org_id, select(Programme).where(Programme.public_id == public_id))
    return (await session.scalars(lock_rows(wanted))).one_or_none()


async def share(session: AsyncSession, org_id: int) -> None:
    """Keep the tags of all programmes as they are until the end of the transaction.

    So what finds that a tag belongs to no one has written so before anyone gets the tag.
    """
    wanted = scoped(org_id, select(Programme.id).order_by(Programme.id))
    await session.execute(share_rows(wanted))


async def page(
    session: AsyncSession, org_id: int, after: str | None, limit: int
) -> Sequence[Programme]:
    """Up to `limit` programmes by name, those behind the name `after`."""
    statement = select(Programme).order_by(Programme.name).limit(limit)  # unscoped: below
    if after is not None:
        statement = statement.where(Programme.name > after)
    return (await session.scalars(scoped(org_id, statement))).all()


async def public_ids(session: AsyncSession, org_id: int) -> dict[int, str]:
    """Public ids of the organisation's programmes by their row."""
    rows = await session.execute(scoped(org_id, select(Programme.id, Programme.public_id)))
    return {row[0]: row[1] for row in rows}

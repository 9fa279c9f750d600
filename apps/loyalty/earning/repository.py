"""Earning rules in the database."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import scoped
from shared.models import EarningRule


async def find(session: AsyncSession, org_id: int, public_id: str) -> EarningRule | None:
    wanted = scoped(org_id, select(EarningRule).where(EarningRule.public_id == public_id))
    return (await session.scalars(wanted)).one_or_none()


async def active(session: AsyncSession, org_id: int) -> Sequence[EarningRule]:
    """The rules that give points."""
    wanted = (
        select(EarningRule).where(EarningRule.active.is_(True)).order_by(EarningRule.id)
    )  # unscoped: below
    return (await session.scalars(scoped(org_id, wanted))).all()


async def page(
    session: AsyncSession, org_id: int, after: str | None, limit: int
) -> Sequence[EarningRule]:
    """Up to `limit` rules in the order in which they were made, those behind `after`."""
    wanted = scoped(org_id, select(EarningRule).order_by(EarningRule.id).limit(limit))
    if after is not None:
        place = scoped(org_id, select(EarningRule.id).where(EarningRule.public_id == after))
        wanted = wanted.where(EarningRule.id > place.scalar_subquery())
    return (await session.scalars(wanted)).all()

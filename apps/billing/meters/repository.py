"""Meters in the database. Those that were deleted are not found."""

from collections.abc import Sequence

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import scoped
from shared.models import Meter


async def find(session: AsyncSession, org_id: int, named: str) -> Meter | None:
    """The meter with this public id or code."""
    wanted = or_(Meter.public_id == named, Meter.code == named)
    return (await session.scalars(scoped(org_id, _present().where(wanted)))).one_or_none()


async def find_id(session: AsyncSession, org_id: int, public_id: str) -> Meter | None:
    wanted = _present().where(Meter.public_id == public_id)
    return (await session.scalars(scoped(org_id, wanted))).one_or_none()


async def page(
    session: AsyncSession, org_id: int, after: str | None, limit: int
) -> Sequence[Meter]:
    """Up to `limit` meters by code, those behind the code `after`."""
    statement = _present().order_by(Meter.code).limit(limit)
    if after is not None:
        statement = statement.where(Meter.code > after)
    return (await session.scalars(scoped(org_id, statement))).all()


async def of_events(session: AsyncSession, org_id: int, names: set[str]) -> Sequence[Meter]:
    """The meters that count events of these names."""
    statement = _present().where(Meter.event.in_(sorted(names))).order_by(Meter.id)
    return (await session.scalars(scoped(org_id, statement))).all()


def _present() -> Select[Meter]:
    return select(Meter).where(Meter.gone == 0)  # unscoped: every caller scopes it

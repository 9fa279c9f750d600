"""Dead letters in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import Integer, LargeBinary, Row, ScalarSelect, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.limits import narrow
from shared.auth.principal import Sight
from shared.db import scoped
from shared.models import DeadLetter

Columns = TypeVarTuple("Columns")

# What a list shows of a letter. Four bytes are the longest character.
SHOWN_BYTES = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which letters; None: all."""

    device_id: int | None = None
    code: str | None = None
    replayed: bool | None = None


Line = Row[int, str, int, int, int, int, str, str, int | None, bytes, int]


async def find(session: AsyncSession, sight: Sight, public_id: str) -> DeadLetter | None:
    wanted = select(DeadLetter).where(DeadLetter.public_id == public_id)
    statement = narrow(sight, scoped(sight.org_id, wanted), DeadLetter.device_id)
    return (await session.scalars(statement)).one_or_none()


async def find_many(
    session: AsyncSession, sight: Sight, public_ids: Sequence[str]
) -> Sequence[DeadLetter]:
    """Those of `public_ids` (200 at most) that exist, oldest first."""
    statement = (
        select(DeadLetter).where(DeadLetter.public_id.in_(public_ids)).order_by(DeadLetter.id)
    )
    found = narrow(sight, scoped(sight.org_id, statement), DeadLetter.device_id)
    return (await session.scalars(found)).all()


async def page(
    session: AsyncSession, sight: Sight, which: Filter, *, before: str | None, limit: int
) -> Sequence[Line]:
    """Up to `limit` letters, newest first, older than the one with the public id `before`:
    (id, public_id, device_id, received_ts, boot, seq, code, detail, replayed_ts, the first
    bytes, size).
    """
    statement = _limited(
        select(
            DeadLetter.id,
            DeadLetter.public_id,
            DeadLetter.device_id,
            DeadLetter.received_ts,
            DeadLetter.boot,
            DeadLetter.seq,
            DeadLetter.code,
            DeadLetter.detail,
            DeadLetter.replayed_ts,
            func.substr(DeadLetter.raw, 1, SHOWN_BYTES, type_=LargeBinary).label("head"),
            func.length(DeadLetter.raw, type_=Integer).label("size"),
        ),
        which,
    )
    if before is not None:
        statement = statement.where(DeadLetter.id < _number(sight.org_id, before))
    statement = statement.order_by(DeadLetter.id.desc()).limit(limit)
    found = narrow(sight, scoped(sight.org_id, statement), DeadLetter.device_id)
    return (await session.execute(found)).all()


async def waiting(
    session: AsyncSession, sight: Sight, which: Filter, *, after: str | None, limit: int
) -> Sequence[DeadLetter]:
    """Up to `limit` letters, oldest first, newer than the one with the public id `after`."""
    statement = _limited(select(DeadLetter), which)
    if after is not None:
        statement = statement.where(DeadLetter.id > _number(sight.org_id, after))
    statement = statement.order_by(DeadLetter.id).limit(limit)
    found = narrow(sight, scoped(sight.org_id, statement), DeadLetter.device_id)
    return (await session.scalars(found)).all()


async def mark_replayed(
    session: AsyncSession, org_id: int, ids: Sequence[int], now_ms: int
) -> None:
    """Note that letters (200 at most) are stored now."""
    await session.execute(
        scoped(
            org_id,
            update(DeadLetter).where(DeadLetter.id.in_(ids)).values(replayed_ts=now_ms),
        )
    )


def _limited(statement: Select[*Columns], which: Filter) -> Select[*Columns]:
    if which.device_id is not None:
        statement = statement.where(DeadLetter.device_id == which.device_id)
    if which.code is not None:
        statement = statement.where(DeadLetter.code == which.code)
    if which.replayed is not None:
        never = DeadLetter.replayed_ts.is_(None)
        statement = statement.where(~never if which.replayed else never)
    return statement


def _number(org_id: int, public_id: str) -> ScalarSelect[int]:
    wanted = select(DeadLetter.id).where(DeadLetter.public_id == public_id)
    return scoped(org_id, wanted).scalar_subquery()

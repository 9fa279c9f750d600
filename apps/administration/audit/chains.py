"""Queries about the chain of an organisation's audit. Sealing and pruning are the only writers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.chain import GENESIS
from shared.db.chunks import chunks
from shared.db.dialect import insert_ignore, lock_rows
from shared.db.scope import scoped
from shared.ids import base32
from shared.models import AuditChain, AuditEntry, AuditPersonal, AuditSeal, Organisation

SEAL_BYTES = 150


@dataclass(frozen=True, slots=True)
class Sealed:
    """A place in the chain, and the entry there; none: it is gone."""

    sequence: int
    hash: bytes
    entry: AuditEntry | None


async def public_id(session: AsyncSession, org_id: int) -> str:
    query = select(Organisation.public_id).where(Organisation.id == org_id)
    return (await session.scalars(query)).one()


async def find(session: AsyncSession, org_id: int) -> AuditChain | None:
    query = scoped(org_id, select(AuditChain)).execution_options(populate_existing=True)
    found: AuditChain | None = await session.scalar(query)
    return found


def empty(org_id: int) -> AuditChain:
    """The chain of an organisation that has none yet."""
    return AuditChain(org_id=org_id, first=1, base=GENESIS, last=0, head=GENESIS)


async def hold(session: AsyncSession, org_id: int) -> AuditChain:
    """The chain, made where there is none; others who write to it wait until this commits."""
    table = AuditChain.__table__
    assert isinstance(table, Table)
    values = {"org_id": org_id, "first": 1, "base": GENESIS, "last": 0, "head": GENESIS}
    await session.execute(insert_ignore(session, table).values(values))
    query = lock_rows(scoped(org_id, select(AuditChain)))
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def ends(session: AsyncSession, above: int, limit: int) -> Sequence[tuple[str, AuditChain]]:
    """Chains with the public ids of their organisations, by the numbers of these."""
    query = (
        select(Organisation.public_id, AuditChain)  # unscoped: a new key signs all of them
        .join(AuditChain, AuditChain.org_id == Organisation.id)
        .where(AuditChain.org_id > above)
        .order_by(AuditChain.org_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def newest_number(session: AsyncSession) -> int:
    """The highest number of an entry, in all organisations."""
    highest = select(func.max(AuditEntry.id))  # unscoped: sealing looks at all of them
    return await session.scalar(highest) or 0


async def number_at(session: AsyncSession, at_ms: int) -> int | None:
    """The number of the first entry that was written then or later: its public id says when."""
    begun = f"aud_{base32(at_ms << 80)}"
    query = (
        select(AuditEntry.id)  # unscoped: sealing looks at all of them
        .where(AuditEntry.public_id >= begun)
        .order_by(AuditEntry.public_id)
        .limit(1)
    )
    return await session.scalar(query)


async def with_unsealed(session: AsyncSession, above: int, upto: int) -> Sequence[int]:
    """The organisations that have an entry without a seal, of those with numbers in a range."""
    query = (
        select(AuditEntry.org_id)  # unscoped: sealing looks at all of them
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditEntry.id > above, AuditEntry.id <= upto, AuditSeal.entry_id.is_(None))
        .distinct()
    )
    return (await session.scalars(query)).all()


async def unsealed(
    session: AsyncSession, org_id: int, above: int, limit: int
) -> Sequence[AuditEntry]:
    """Entries without a seal, by their numbers from above `above` on."""
    query = (
        select(AuditEntry)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditEntry.id > above, AuditSeal.entry_id.is_(None))
        .order_by(AuditEntry.id)
        .limit(limit)
    )
    return (await session.scalars(scoped(org_id, query))).all()


async def add_seals(session: AsyncSession, seals: Sequence[dict[str, Any]]) -> None:
    for chunk in chunks(seals, lambda _: SEAL_BYTES):
        await session.execute(insert(AuditSeal), chunk)


async def hash_at(session: AsyncSession, org_id: int, sequence: int) -> bytes | None:
    query = select(AuditSeal.hash).where(AuditSeal.sequence == sequence)
    found: bytes | None = await session.scalar(scoped(org_id, query))
    return found


async def sealed(
    session: AsyncSession, org_id: int, after: int, upto: int, limit: int
) -> list[Sealed]:
    """The places behind `after`, in the chain's order."""
    query = (
        select(AuditSeal, AuditEntry)
        .outerjoin(
            AuditEntry,
            and_(AuditEntry.id == AuditSeal.entry_id, AuditEntry.org_id == AuditSeal.org_id),
        )
        .where(AuditSeal.sequence > after, AuditSeal.sequence <= upto)
        .order_by(AuditSeal.sequence)
        .limit(limit)
    )
    rows = await session.execute(scoped(org_id, query))
    return [Sealed(row[0].sequence, row[0].hash, row[1]) for row in rows]


async def remove(session: AsyncSession, org_id: int, places: Sequence[Sealed]) -> None:
    """Delete entries, what is personal in them, and their seals."""
    upto = places[-1].sequence
    await session.execute(scoped(org_id, delete(AuditSeal)).where(AuditSeal.sequence <= upto))
    entries = [place.entry for place in places if place.entry is not None]
    for chunk in chunks(entries, lambda _: 40):
        names = [entry.public_id for entry in chunk]
        gone = scoped(org_id, delete(AuditPersonal)).where(AuditPersonal.entry.in_(names))
        await session.execute(gone)
        numbers = [entry.id for entry in chunk]
        await session.execute(scoped(org_id, delete(AuditEntry)).where(AuditEntry.id.in_(numbers)))


async def kept(session: AsyncSession) -> Sequence[tuple[int, int | None]]:
    """Every chain with an entry: its organisation, and for how many days that keeps entries."""
    query = select(AuditChain.org_id, AuditChain.keep_days)  # unscoped: pruning looks at all
    rows = await session.execute(query.where(AuditChain.last >= AuditChain.first))
    return [(row.org_id, row.keep_days) for row in rows]

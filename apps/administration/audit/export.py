"""The audit of an organisation as NDJSON with its chain, of any length, a page in memory."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.audit import chains, lines
from apps.administration.audit.errors import AfterTheEnd
from apps.administration.audit.keeping import Keeper
from apps.administration.audit.sealing import head_of
from shared.db import Database
from shared.db.scope import scoped
from shared.models import AuditChain, AuditEntry, AuditPersonal, AuditSeal

PAGE = 200


async def ndjson(
    database: Database, keeper: Keeper, org_id: int, after: int
) -> AsyncGenerator[bytes, None]:
    """Lines as `lines` has them, of what is behind entry `after`; what has just been committed is
    sealed first. Raises `AfterTheEnd`, before the first chunk.
    """
    await keeper.sealer.seal(org_id)
    async with database.read() as session:
        organisation = await chains.public_id(session, org_id)
        chain = await chains.find(session, org_id) or chains.empty(org_id)
        begin, hash_ = await _begin(session, chain, after)
    yield lines.start_line(organisation, begin, hash_)
    at = begin
    while at < chain.last:
        async with database.read() as session:
            places = await chains.sealed(session, org_id, at, chain.last, PAGE)
            personal = await _personal(session, org_id, places)
        if not places:
            break
        yield b"".join(_line(organisation, place, personal) for place in places)
        at = places[-1].sequence
    yield lines.head_line(head_of(organisation, chain), keeper.key, chain.signature)


async def _begin(session: AsyncSession, chain: AuditChain, after: int) -> tuple[int, bytes]:
    """Behind which entry the file begins, and that one's hash: the first kept, or later."""
    if after > chain.last:
        raise AfterTheEnd(chain.last)
    if after < chain.first:
        return chain.first - 1, chain.base
    found = await chains.hash_at(session, chain.org_id, after)
    # Somebody removed it; verification says so.
    return after, found or bytes(32)


def _line(
    organisation: str, place: chains.Sealed, personal: dict[str, list[AuditPersonal]]
) -> bytes:
    if place.entry is None:
        return lines.missing_line(place.sequence, place.hash)
    entry = lines.body(place.entry, organisation, place.sequence)
    return lines.entry_line(entry, place.hash, personal[place.entry.public_id])


async def _personal(
    session: AsyncSession, org_id: int, places: Sequence[chains.Sealed]
) -> dict[str, list[AuditPersonal]]:
    """What is still there of what is personal, by entry."""
    found: dict[str, list[AuditPersonal]] = defaultdict(list)
    if places:
        query = (
            select(AuditPersonal)
            .join(AuditEntry, AuditEntry.public_id == AuditPersonal.entry)
            .join(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
            .where(
                AuditSeal.org_id == org_id,
                AuditSeal.sequence >= places[0].sequence,
                AuditSeal.sequence <= places[-1].sequence,
            )
        )
        for one in await session.scalars(scoped(org_id, query)):
            found[one.entry].append(one)
    return found

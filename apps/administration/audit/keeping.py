"""How long the audit is kept. What is left begins with a hash, and is verified as before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.audit import chains, lines
from apps.administration.audit.sealing import Sealer
from shared.db import Database

AT_ONCE = 200
# A quarter is the least in which somebody looks; ten years the most that any law here asks for.
SHORTEST, LONGEST = 90, 3_650


@dataclass(frozen=True, slots=True)
class Keeper:
    """How the audit is sealed, which public key signs it, and how many days it is kept where an
    organisation does not say.
    """

    sealer: Sealer
    key: str
    keep_days: int


async def prune_all(database: Database, keeper: Keeper, now: datetime) -> int:
    """Delete what is older than each organisation keeps; returns how many entries."""
    async with database.read() as session:
        every = await chains.kept(session)
    gone = 0
    for org_id, own in every:
        cutoff = now - timedelta(days=own or keeper.keep_days)
        gone += await _prune(database, keeper.sealer, org_id, cutoff)
    return gone


async def _prune(database: Database, sealer: Sealer, org_id: int, cutoff: datetime) -> int:
    count, done = 0, AT_ONCE
    while done == AT_ONCE:
        done = await _batch(database, sealer, org_id, cutoff)
        count += done
    return count


async def _batch(database: Database, sealer: Sealer, org_id: int, cutoff: datetime) -> int:
    async with database.read() as session:
        if not await _old(session, org_id, cutoff):
            return 0
    async with database.unit_of_work() as session:
        chain = await chains.hold(session, org_id)
        organisation = await chains.public_id(session, org_id)
        places = await _old(session, org_id, cutoff)
        if not places or not sealer.signed(organisation, chain):
            return 0
        await chains.remove(session, org_id, places)
        chain.first, chain.base = places[-1].sequence + 1, places[-1].hash
        sealer.sign(organisation, chain)
    return len(places)


async def _old(session: AsyncSession, org_id: int, cutoff: datetime) -> Sequence[chains.Sealed]:
    """The oldest entries that are older than `cutoff`, a bounded number."""
    chain = await chains.find(session, org_id)
    if chain is None:
        return []
    places = await chains.sealed(session, org_id, chain.first - 1, chain.last, AT_ONCE)
    times = [None if place.entry is None else place.entry.at for place in places]
    return places[: lines.prunable(times, cutoff)]

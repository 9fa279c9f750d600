"""Sealing: entries that have committed get their places in the chain of their organisation.

Numbers of entries are given when they are written, not when they commit, and many transactions
commit at once. So the chain has an order of its own: that in which a sealer found them. Who is late
comes later in the chain; nobody waits for anybody.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.audit import chains, lines
from shared.auth.chain import entry_hash, head_text
from shared.auth.signing import Signer, signed_by
from shared.clock import to_ms
from shared.db import Database
from shared.models import AuditChain, AuditEntry

AT_ONCE = 200
# Numbers looked through at a time: tens of milliseconds.
RANGE = 10_000
# A request, a job and a batch each end within minutes. What takes longer to commit than this is
# found at the next start.
LOOKED_BACK = timedelta(minutes=15)

log = logging.getLogger(__name__)


class Sealer:
    """Seals what is not sealed yet. `former`: public keys whose signatures are still taken, from
    before the service's secret was changed.
    """

    def __init__(self, database: Database, signer: Signer, former: Collection[str] = ()) -> None:
        self._database = database
        self._signer = signer
        self._keys = (signer.public, *former)
        self._looked_at_all = False
        self._refused: set[int] = set()

    async def seal_all(self, now: datetime) -> int:
        """Seal every organisation's entries; returns how many were. The first call looks at all
        entries, others at those of the last quarter of an hour.
        """
        async with self._database.read() as session:
            newest = await chains.newest_number(session)
            lowest = await self._lowest(session, now, newest)
        sealed = 0
        for above in range(lowest, newest, RANGE):
            async with self._database.read() as session:
                found = await chains.with_unsealed(session, above, above + RANGE)
            for org_id in found:
                sealed += await self.seal(org_id, above)
        self._looked_at_all = True
        return sealed

    async def sign_anew(self) -> int:
        """Sign the ends that a former key signed with the present one; returns how many."""
        if len(self._keys) == 1:
            return 0
        count, above, found = 0, 0, AT_ONCE
        while found == AT_ONCE:
            async with self._database.read() as session:
                every = await chains.ends(session, above, AT_ONCE)
            found = len(every)
            for organisation, chain in every:
                above = chain.org_id
                if self._is_former(organisation, chain):
                    await self.seal(chain.org_id)
                    count += 1
        return count

    async def seal(self, org_id: int, above: int = 0) -> int:
        """Seal the entries of one organisation with numbers above `above`; returns how many."""
        count, done = 0, AT_ONCE
        while done == AT_ONCE:
            async with self._database.unit_of_work() as session:
                done = await self._batch(session, org_id, above)
            count += done
        return count

    def signed(self, organisation: str, chain: AuditChain) -> bool:
        """Whether the ends of a chain are as a sealer left them."""
        if chain.signature is None:
            return chain.last == 0
        text = _ends(organisation, chain)
        return any(signed_by(key, chain.signature, text) for key in self._keys)

    def sign(self, organisation: str, chain: AuditChain) -> None:
        """Sign the ends of a chain as they are now."""
        chain.signature = self._signer.sign(_ends(organisation, chain))

    async def _batch(self, session: AsyncSession, org_id: int, above: int) -> int:
        chain = await chains.hold(session, org_id)
        organisation = await chains.public_id(session, org_id)
        if not self.signed(organisation, chain):
            self._refuse(org_id, organisation)
            return 0
        entries = await chains.unsealed(session, org_id, above, AT_ONCE)
        if entries:
            await chains.add_seals(session, _seal(entries, organisation, chain))
        # An export says one key: it signs the end, whether something came or not.
        if entries or self._is_former(organisation, chain):
            self.sign(organisation, chain)
        return len(entries)

    def _is_former(self, organisation: str, chain: AuditChain) -> bool:
        """Whether the ends have a signature that counts, of another key than the present one."""
        if chain.signature is None or not self.signed(organisation, chain):
            return False
        return not signed_by(self._signer.public, chain.signature, _ends(organisation, chain))

    def _refuse(self, org_id: int, organisation: str) -> None:
        """To go on from ends that somebody else wrote would sign what they did."""
        if org_id not in self._refused:
            self._refused.add(org_id)
            log.error(
                "the audit chain of %s does not have its signature and is not sealed any further: "
                "it was changed in the database, or FORTRESS_SECRET was, and neither "
                "FORTRESS_SECRET_BEFORE nor FORTRESS_AUDIT_FORMER_KEYS has the one before",
                organisation,
            )

    async def _lowest(self, session: AsyncSession, now: datetime, newest: int) -> int:
        if not self._looked_at_all:
            return 0
        first = await chains.number_at(session, to_ms(now - LOOKED_BACK))
        return newest if first is None else first - 1


def head_of(organisation: str, chain: AuditChain) -> bytes:
    """What is signed of a chain, and said at the end of an export."""
    return _ends(organisation, chain)


def _ends(organisation: str, chain: AuditChain) -> bytes:
    return head_text(
        organisation,
        first=chain.first,
        base=chain.base.hex(),
        last=chain.last,
        head=chain.head.hex(),
    )


def _seal(
    entries: Collection[AuditEntry], organisation: str, chain: AuditChain
) -> list[dict[str, object]]:
    """Rows for the entries' places; the chain ends behind them from now on."""
    seals: list[dict[str, object]] = []
    for entry in entries:
        chain.last += 1
        chain.head = entry_hash(chain.head, lines.body(entry, organisation, chain.last))
        seals.append(
            {
                "org_id": entry.org_id,
                "sequence": chain.last,
                "entry_id": entry.id,
                "hash": chain.head,
            }
        )
    return seals

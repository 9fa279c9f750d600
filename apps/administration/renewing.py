"""What is kept under FORTRESS_SECRET goes over to a new one.

Values are sealed anew with the present key and ends of audits signed anew, until nothing needs the
secret before. Letters are not: they are sent within minutes. ADR 29 says why.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from apps.administration.audit.sealing import Sealer
from apps.administration.mail_entry.asking import Asking
from apps.administration.settings import AdministrationSettings
from apps.administration.sso.state import SingleSignOn
from shared.db import Database
from shared.mail.queue import QUEUE
from shared.models import Job, SsoConnection, Totp
from shared.sealed import Seal, Unreadable
from shared.web.app import Background

# Also before the first time: tasks that have only the secret before are gone then, and could not
# read what is sealed anew.
EVERY_S = 600.0
AT_ONCE = 100
LETTERS = "letters wait that were sealed with it"
CHANGED = "something was changed just now and is looked at again"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A column of values that `seal` closed, each bound to the `label` of its row."""

    what: str
    id: InstrumentedAttribute[int]
    label: InstrumentedAttribute[Any]
    sealed: InstrumentedAttribute[str]
    seal: Seal


class Row(NamedTuple):
    id: int
    label: object
    sealed: str


@dataclass(slots=True)
class Count:
    """What became of values of one column. `changed`: by somebody else in the same moment."""

    anew: int = 0
    unreadable: int = 0
    changed: int = 0


def kept(codes: Seal, sso: SingleSignOn) -> tuple[Kept, ...]:
    """Every column of sealed values that stays; `codes` closes seeds of one-time codes."""
    clients = SsoConnection
    return (
        Kept("seeds of one-time codes", Totp.id, Totp.person_id, Totp.secret, codes),
        Kept(
            "client secrets of single sign-on",
            clients.id,
            clients.public_id,
            clients.client_secret,
            sso.client_secrets,
        ),
    )


def renewing(renewal: "Renewal") -> Background:
    """A background task."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)
                return
            await renewal.once()

    return run


@dataclass
class Renewal:
    """One a process. Several at once do the same work, once."""

    database: Database
    settings: AdministrationSettings
    columns: Sequence[Kept]
    sealer: Sealer
    asking: Asking
    _said: dict[str, int] = field(default_factory=dict)

    async def once(self) -> bool:
        """Seal and sign anew what is not of the present secret; true: nothing is left that needs
        the one before. What no secret reads is left alone.
        """
        changed = 0
        for column in self.columns:
            count = await self._column(column)
            self._say(column.what, count)
            changed += count.changed
        if signed := await self.sealer.sign_anew():
            log.info("%d ends of audits were signed anew", signed)
        waits = await self._letters_wait()
        if self.settings.secret_before is None:
            return True
        if changed or waits:
            log.info("FORTRESS_SECRET_BEFORE is still needed: %s", LETTERS if waits else CHANGED)
            return False
        log.info("nothing is left that needs FORTRESS_SECRET_BEFORE: take it away")
        return True

    async def _column(self, column: Kept) -> Count:
        count, above, found = Count(), 0, AT_ONCE
        while found == AT_ONCE:
            async with self.database.read() as session:
                rows = await _not_current(session, column, above)
            found = len(rows)
            if rows:
                above = rows[-1].id
                await self._renew(column, rows, count)
        return count

    async def _renew(self, column: Kept, rows: Sequence[Row], count: Count) -> None:
        async with self.database.unit_of_work() as session:
            for row in rows:
                label = str(row.label)
                try:
                    values = column.seal.open(row.sealed, label=label)
                except Unreadable:
                    count.unreadable += 1
                    continue
                anew = column.seal.close(values, label=label)
                if await _replace(session, column, row, anew):
                    count.anew += 1
                else:
                    count.changed += 1

    async def _letters_wait(self) -> bool:
        """Whether a letter that is not sent yet has another key; the oldest are looked at."""
        query = (
            select(Job.payload)
            .where(Job.queue == QUEUE, Job.status.in_(("ready", "running")))
            .order_by(Job.id)
            .limit(AT_ONCE)
        )
        async with self.database.read() as session:
            payloads = await session.scalars(query)
            return not all(self.asking.is_current(payload) for payload in payloads)

    def _say(self, what: str, count: Count) -> None:
        if count.anew:
            log.info("%d %s were sealed anew with FORTRESS_SECRET", count.anew, what)
        if count.unreadable != self._said.get(what, 0):
            log.warning(
                "%d %s are readable neither with FORTRESS_SECRET nor with FORTRESS_SECRET_BEFORE",
                count.unreadable,
                what,
            )
        self._said[what] = count.unreadable


async def _not_current(session: AsyncSession, column: Kept, above: int) -> Sequence[Row]:
    query = (
        # In every organisation: the secret is that of all.
        select(column.id, column.label, column.sealed)
        .where(column.id > above, ~column.sealed.startswith(column.seal.mark))
        .order_by(column.id)
        .limit(AT_ONCE)
    )
    return [Row(*row) for row in await session.execute(query)]


async def _replace(session: AsyncSession, column: Kept, row: Row, anew: str) -> bool:
    """False where it is no longer what was read: whoever changed it sealed it."""
    statement = update(column.sealed.class_).where(column.id == row.id, column.sealed == row.sealed)
    done = await session.execute(
        statement.values({column.sealed: anew}).execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return bool(done.rowcount)

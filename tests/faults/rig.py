"""What a fault is tried on: a MariaDB, an ingest process and devices that send all the time."""

import asyncio
import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from migrations.run import upgrade
from shared.db import Database, scoped
from shared.ids import new_id
from shared.models import DeadLetter, UsageHour
from shared.settings import Settings
from tests.support.builders import MadeDevice, Tenant, make_device, make_tenant
from tests.support.ingest_process import MODULE, IngestProcess
from tests.support.mariadb_process import MariadbProcess
from tests.support.servers import new_folder
from tests.support.talkers import Talker, count_numbers, stored_numbers
from tests.support.until import until

DEVICES = 8
# Enough to keep commits under way without a pause, little enough for a machine that is shared.
BURST = 25
REST_S = 0.02
# Nothing here takes longer, on any machine; what it really took is in the report.
PATIENCE_S = 120.0
# A service like ingest, not one of ours: it may write and has no privilege beyond.
USER = "service"
# Migrating takes longer than most faults.
_migrated: "WeakKeyDictionary[MariadbProcess, str]" = WeakKeyDictionary()


@dataclass
class Outcome:
    """What one fault came to. `recovery_s`: from the moment the cause was gone until everything
    that was held up is acknowledged, in the worst case. `errors`: those of the database that
    ingest counted, by number. `p99_ms`: of the acknowledgements of those who share with a crowd.
    `figures`: what else was measured, in words.
    """

    acknowledged: int = 0
    missing: int = 0
    doubled: int = 0
    recovery_s: float = 0.0
    rss_mib: float = 0.0
    grown_mib: float = 0.0
    errors: set[str] = field(default_factory=set)
    p99_ms: float = 0.0
    figures: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.missing and not self.doubled

    def say(self, figure: str) -> None:
        self.figures.append(figure)


@dataclass(frozen=True)
class Account:
    """What a device sent in boot 1, all of it acknowledged."""

    tenant: Tenant
    device: MadeDevice
    sent: Collection[int]


class Rig:
    """`admin` is a connection to the server that every privilege belongs to."""

    def __init__(
        self,
        server: MariadbProcess,
        database: Database,
        url: str,
        ingest: IngestProcess,
        tenant: Tenant,
    ) -> None:
        self.server = server
        self.database = database
        self.url = url
        self.ingest = ingest
        self.tenant = tenant
        self.talkers: list[Talker] = []
        self.accounts: list[Account] = []
        self.outcome = Outcome()
        self.rng = random.Random(7)
        self._stop = asyncio.Event()
        self._talking: asyncio.Future[list[None]] | None = None
        self._rss = 0.0

    # -- what scenarios do

    async def flows(self, further: int = 400) -> None:
        """Wait until so many more messages are acknowledged."""
        before = self._acked()

        def flowed() -> bool:
            # A device that gave up says why.
            if self._talking is not None and self._talking.done():
                self._talking.result()
            return self._acked() >= before + further

        await until(flowed, "acknowledgements", PATIENCE_S)

    async def holds_up(self, seconds: float) -> None:
        """Leave the fault for so long; the devices go on sending."""
        end = time.monotonic() + seconds
        await until(lambda: time.monotonic() >= end, "the time", seconds + 10)

    async def recovers(self) -> float:
        """The cause is gone now: seconds until each device's messages of now are acknowledged."""
        began = time.monotonic()
        held = [(talker, talker.client.outbox.next_seq) for talker in self.talkers]
        await until(lambda: all(t.acked >= upto for t, upto in held), "recovery", PATIENCE_S)
        took = time.monotonic() - began
        self.outcome.recovery_s = max(self.outcome.recovery_s, took)
        return took

    async def said(self, metric: str, at_least: float = 1) -> None:
        """The metric says so much, with any labels beyond those in `metric`."""
        await until(lambda: self.says(metric, at_least), f"{metric} >= {at_least:g}", PATIENCE_S)

    async def falls(self, metric: str, at_most: float) -> None:
        """The metric says no more than so much."""

        async def has_fallen() -> bool:
            return await self.value(metric) <= at_most

        await until(has_fallen, f"{metric} <= {at_most:g}", PATIENCE_S)

    async def says(self, metric: str, at_least: float) -> bool:
        """Whether the metric says so much now."""
        return await self.value(metric) >= at_least

    async def value(self, metric: str) -> float:
        """What the metric says now, over all labels beyond those in `metric`."""
        name, _, labels = metric.partition("{")
        wanted = [label for label in labels.rstrip("}").split(",") if label]
        total = 0.0
        for key, value in (await self.ingest.metrics()).items():
            known, _, rest = key.partition("{")
            if known == name and all(label in rest for label in wanted):
                total += value
        return total

    async def failing(self) -> bool:
        """Whether commits fail now, or the server has ended by itself."""
        return not self.server.alive or await self.says("fortress_ingest_retries_total", 1)

    @property
    def name(self) -> str:
        """The database's."""
        return make_url(self.url).database or ""

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AsyncConnection]:
        """A connection with every privilege, in autocommit."""
        async with administer(self.server, self.name) as connection:
            yield connection

    # -- beginning and end, and what is counted then

    def _acked(self) -> int:
        return sum(talker.acked for talker in self.talkers)

    @asynccontextmanager
    async def talking(
        self, port: int | None = None, *, dead_letters: bool = False
    ) -> AsyncIterator[None]:
        """Devices send inside the block; at its end they stop, and all is counted.

        `port`: where they reach ingest. `dead_letters`: messages may have become such.
        """
        for number in range(DEVICES):
            device = await make_device(self.database, self.tenant)
            rng = random.Random(number)
            talker = Talker(port or self.ingest.port, device, rng, burst=BURST, rest_s=REST_S)
            self.talkers.append(talker)
            talker.client.start()
        self._talking = talking = asyncio.gather(
            *(talker.talk(self._stop) for talker in self.talkers)
        )
        try:
            await self.flows(1_000)
            self.remember_memory()
            yield
            self._stop.set()
            await asyncio.wait_for(talking, PATIENCE_S)
        finally:
            talking.cancel()
            for talker in self.talkers:
                await talker.client.close()
        self.accounts += [Account(self.tenant, one.device, one.sent) for one in self.talkers]
        await self.count(dead_letters=dead_letters)

    def remember_memory(self) -> None:
        """What grows from now on is reported."""
        self._rss = self.ingest.rss_mib

    async def count(self, *, dead_letters: bool = False) -> None:
        """End ingest, and look whether all that `accounts` name is stored once, and counted."""
        outcome = self.outcome
        outcome.rss_mib = self.ingest.rss_mib
        outcome.grown_mib = outcome.rss_mib - self._rss
        counted = " ".join(await self.ingest.metrics())
        outcome.errors |= set(re.findall(r'retries_total\{error="([^"]+)"', counted))
        ended = await asyncio.to_thread(self.ingest.end, signal.SIGTERM)
        assert ended == 0, self.ingest.log[-2000:]
        stored: Counter[Tenant] = Counter()
        for account in self.accounts:
            stored[account.tenant] += await self._look_for(account, dead_letters)
        for tenant, count in stored.items():
            await self._check_usage(tenant, count)

    async def _look_for(self, account: Account, dead_letters: bool) -> int:
        """Count what is missing and doubled of a device's; returns how many rows there are."""
        sent, outcome = account.sent, self.outcome
        if isinstance(sent, range):
            rows, numbers = await count_numbers(self.database, account.device, sent)
            outcome.missing += len(sent) - numbers
            outcome.doubled += rows - numbers
        else:
            counts = await stored_numbers(self.database, account.device)
            rows = counts.total()
            found = {seq for _, seq in counts} | await self._dead(account, dead_letters)
            outcome.missing += len(set(sent) - found)
            outcome.doubled += rows - len(counts)
        outcome.acknowledged += len(sent)
        return rows

    async def _dead(self, account: Account, allowed: bool) -> set[int]:
        wanted = select(DeadLetter.seq).where(DeadLetter.device_id == account.device.id)
        async with self.database.read() as session:
            dead = set(await session.scalars(scoped(account.tenant.id, wanted)))
        assert allowed or not dead, "good messages became dead letters"
        return dead

    async def _check_usage(self, tenant: Tenant, stored: int) -> None:
        wanted = select(func.sum(UsageHour.count)).where(UsageHour.org_id == tenant.id)
        async with self.database.read() as session:
            counted = await session.scalar(wanted) or 0
        assert counted == stored, f"usage_hour says {counted}, {stored} are stored"


@asynccontextmanager
async def administer(
    server: MariadbProcess, database: str | None = None
) -> AsyncIterator[AsyncConnection]:
    """A connection of root's to `server`, in autocommit."""
    url = make_url(server.url).set(database=database or "mysql")
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


@contextmanager
def folder(kind: str) -> Iterator[Path]:
    made = new_folder(kind)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


async def make_database(server: MariadbProcess, *, migrated: bool = False) -> str:
    """The URL of a new database, for a user without administrative privileges."""
    name = new_id("faults").lower()
    async with administer(server) as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        await connection.execute(text(f"CREATE USER IF NOT EXISTS '{USER}'@'%'"))
        await connection.execute(text(f"GRANT ALL ON {name}.* TO '{USER}'@'%'"))
    url = make_url(server.url).set(database=name, username=USER)
    made = url.render_as_string(hide_password=False)
    if migrated:
        database = Database.from_settings(Settings(database_url=made))
        await upgrade(database)
        await database.close()
    return made


@asynccontextmanager
async def rig(
    server: MariadbProcess,
    *,
    database_port: int | None = None,
    module: str = MODULE,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """A rig with an organisation of its own in the one database for rigs on `server`.

    `database_port`: ingest reaches the database there. `settings` and `module`: ingest's.
    """
    if server not in _migrated:
        _migrated[server] = await make_database(server, migrated=True)
    url = _migrated[server]
    database = Database.from_settings(Settings(database_url=url))
    through = make_url(url).set(port=database_port or server.port)
    with folder("faults") as place:
        ingest = IngestProcess(
            through.render_as_string(hide_password=False),
            place / "ingest.log",
            module=module,
            **settings,
        )
        try:
            tenant = await make_tenant(database)
            made = Rig(server, database, url, ingest, tenant)
            # In a thread: a relay to the database works in this loop.
            await asyncio.to_thread(ingest.start)
            yield made
        except Exception as error:
            acked = [talker.acked for talker in made.talkers]
            error.add_note(f"acknowledged: {acked}; ingest said:\n{ingest.log[-4_000:]}")
            raise
        finally:
            ingest.kill()
            await database.close()

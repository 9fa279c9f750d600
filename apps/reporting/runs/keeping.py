"""What happens to runs by itself: those that cannot be made fail, those that have expired go."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from apps.reporting.runs import repository
from apps.reporting.settings import ReportingSettings
from shared.clock import Clock
from shared.db import Database
from shared.storage.base import Storage

EVERY_S = 30.0
# Steps at a time: 1,000 files.
STEPS = 20

log = logging.getLogger(__name__)


class Keeping:
    """Every task of reporting does this; two at once do it twice, which changes nothing."""

    def __init__(
        self, database: Database, storage: Storage, clock: Clock, settings: ReportingSettings
    ) -> None:
        self._database = database
        self._storage = storage
        self._clock = clock
        self._kept = timedelta(days=settings.run_days)

    async def run(self, stop: asyncio.Event) -> None:
        """Look after runs until `stop` is set."""
        while not stop.is_set():
            try:
                await self.tidy()
            except Exception:
                log.exception("runs could not be tidied, will try again")
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await stop.wait()

    async def tidy(self) -> None:
        """One round, in bounded steps."""
        now = self._clock.now()
        async with self._database.unit_of_work() as session:
            await repository.bury(session, now=now, until=now + self._kept)
        for _ in range(STEPS):
            if await self.prune() < repository.AT_ONCE:
                break

    async def prune(self) -> int:
        """Remove files of runs that have expired, then their rows; returns how many.

        In this order, so that no file is left that nobody knows of.
        """
        async with self._database.read() as reading:
            old = await repository.expired(reading, self._clock.now())
        for row in old:
            await self._storage.delete(row.file_key)
        if old:
            async with self._database.unit_of_work() as session:
                await repository.forget(session, [row.id for row in old])
        return len(old)

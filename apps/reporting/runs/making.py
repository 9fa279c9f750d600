"""Making the files of runs: what reporting's worker does with a job."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from apps.reporting.exports import service as exports
from apps.reporting.exports.service import Tell, Wanted
from apps.reporting.runs import repository, rules
from apps.reporting.runs.errors import TooManyRows
from apps.reporting.runs.schemas import ReadingsIn, RunIn
from apps.reporting.settings import ReportingSettings
from shared.auth.principal import Sight
from shared.clock import Clock
from shared.db import Database
from shared.errors import DomainError
from shared.models import ReportRun
from shared.storage.base import Storage
from shared.telemetry.clean import clean

CONTENT_TYPE = "text/csv; charset=utf-8; header=present"
# Between two looks at whether the run is still wanted.
LOOK_S = 2.0
# What noting that a run waits again may take while the process goes away.
PUT_BACK_S = 5.0
# From here on it is not the run's fault.
SERVER_ERROR = 500
AGAIN = "it could not be made and is tried again: "
LONGEST_ERROR = 500

log = logging.getLogger(__name__)
_asked: TypeAdapter[Any] = TypeAdapter(RunIn)


class _UnwantedError(Exception):
    """The run was cancelled while its file was being made."""


class Making:
    """Makes files. A run that is begun again, after whatever happened, is made from the beginning
    and to the same place, so there is one file in the end.
    """

    def __init__(
        self, database: Database, storage: Storage, clock: Clock, settings: ReportingSettings
    ) -> None:
        self._database = database
        self._storage = storage
        self._clock = clock
        self._most_rows = settings.run_rows
        self._kept = timedelta(days=settings.run_days)

    async def make(self, session: AsyncSession, payload: dict[str, Any]) -> None:
        """The handler of the queue. `session` is used at the end only: a run takes minutes, and a
        transaction of minutes would hold a connection and old versions of rows.
        """
        async with self._database.unit_of_work() as taking:
            run = await repository.take(taking, payload["org"], payload["run"], self._clock.now())
        if run is None:
            await self._storage.delete(payload["file"])
            return
        try:
            size = await self._write(run, _sight(payload))
        except _UnwantedError:
            await self._storage.delete(run.file_key)
        except DomainError as error:
            if error.status >= SERVER_ERROR:
                await self._put_back(run, error)
                raise
            await self._end(session, run, rules.FAILED, error=error.detail[:LONGEST_ERROR])
        except BaseException as error:
            await self._put_back(run, error)
            raise
        else:
            values = {"size": size, "progress": run.progress, "error": None}
            if not await self._end(session, run, rules.SUCCEEDED, **values):
                await self._storage.delete(run.file_key)

    async def _write(self, run: ReportRun, sight: Sight) -> int:
        """Write the file, of what its asker saw when asking; returns its size."""
        asked = _asked.validate_python({"kind": run.kind, **run.parameters})
        async with self._database.read() as session:
            wanted = await exports.look_up(session, sight, asked.devices, asked.start, asked.end)

        def tell(rows: int) -> None:
            run.progress += rows
            if run.progress > self._most_rows:
                raise TooManyRows(self._most_rows)

        chunks = _chunks(self._database, wanted, asked, tell)
        return await self._storage.put(run.file_key, self._watched(run, chunks), CONTENT_TYPE)

    async def _watched(
        self, run: ReportRun, chunks: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The chunks, for as long as the run is wanted."""
        loop = asyncio.get_running_loop()
        looked = loop.time()
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk
                if loop.time() - looked >= LOOK_S:
                    await self._look(run)
                    looked = loop.time()
                # A chunk is some ms of work: requests get their turn, whatever storage awaits.
                await asyncio.sleep(0)

    async def _look(self, run: ReportRun) -> None:
        """Note the progress. Raises `_UnwantedError`."""
        async with self._database.unit_of_work() as session:
            if not await repository.go_on(session, run, run.progress):
                raise _UnwantedError

    async def _end(self, session: AsyncSession, run: ReportRun, state: str, **values: Any) -> bool:
        now = self._clock.now()
        return await repository.end(
            session, run, state, finished_at=now, expires_at=now + self._kept, **values
        )

    async def _put_back(self, run: ReportRun, error: BaseException) -> None:
        """It is tried again; whoever looks meanwhile sees why."""
        called_off = isinstance(error, asyncio.CancelledError)
        why = None if called_off else AGAIN + clean(_reason(error), LONGEST_ERROR - len(AGAIN))
        with suppress(Exception):
            async with asyncio.timeout(PUT_BACK_S), self._database.unit_of_work() as session:
                await repository.put_back(session, run, why)


def _sight(payload: dict[str, Any]) -> Sight:
    groups = payload["groups"]
    return Sight(payload["org"], None if groups is None else frozenset(groups))


def _reason(error: BaseException) -> str:
    return error.detail if isinstance(error, DomainError) else "a fault of ours, which is logged"


def _chunks(
    database: Database, wanted: Wanted, asked: Any, tell: Tell
) -> AsyncGenerator[bytes, None]:
    if isinstance(asked, ReadingsIn):
        return exports.readings_csv(database, wanted, exports.columns(asked.metrics), tell)
    fields = exports.columns(asked.fields)
    return exports.events_csv(database, wanted, name=asked.event, fields=fields, tell=tell)

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import pytest

from apps.ingest.server import IngestServer
from shared.bus import Bus, MemoryBus
from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.settings import Settings
from shared.web.services import Services
from tests.support.ingesting import ingesting


class Start(Protocol):
    """Starts an ingest server on the test's database; settings by name."""

    def __call__(
        self, *, clock: Clock | None = None, bus: Bus | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[IngestServer]: ...


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def start(database: Database, database_url: str, bus: MemoryBus) -> Start:
    common = bus

    @asynccontextmanager
    async def started(
        *, clock: Clock | None = None, bus: Bus | None = None, **settings: Any
    ) -> AsyncIterator[IngestServer]:
        url = Settings(database_url=database_url)
        services = Services(url, database, bus or common, clock or SystemClock())
        async with ingesting(services, **settings) as server:
            yield server

    return started

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import pytest

from apps.ingest.server import IngestServer
from apps.ingest.settings import IngestSettings
from shared.bus import MemoryBus
from shared.clock import Clock, SystemClock
from shared.db import Database


class Start(Protocol):
    """Starts an ingest server on the test's database; settings by name."""

    def __call__(
        self, *, clock: Clock | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[IngestServer]: ...


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def start(database: Database, database_url: str, bus: MemoryBus) -> Start:
    @asynccontextmanager
    async def started(
        *, clock: Clock | None = None, **settings: Any
    ) -> AsyncIterator[IngestServer]:
        chosen = IngestSettings(
            database_url=database_url, tcp_host="127.0.0.1", tcp_port=0, **settings
        )
        server = IngestServer(chosen, database, bus, clock or SystemClock())
        await server.start()
        try:
            yield server
        finally:
            await server.drain()

    return started

"""Ingest in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from apps.ingest.server import IngestServer
from apps.ingest.settings import IngestSettings
from shared.settings import load
from shared.web.services import Services
from tests.support.as_users import as_user


@asynccontextmanager
async def ingesting(services: Services, **settings: Any) -> AsyncIterator[IngestServer]:
    """Ingest on a free port, on these services; `settings` are its own. It drains at the end."""
    services = as_user(services, "ingest")
    given = services.settings.model_dump() | {"tcp_host": "127.0.0.1", "tcp_port": 0} | settings
    chosen = load(IngestSettings, **given)
    server = IngestServer(chosen, services.database, services.bus, services.clock)
    await server.start()
    try:
        yield server
    finally:
        await server.drain()

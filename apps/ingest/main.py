"""The ingest process: `python -m apps.ingest.main`."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress

from apps.ingest.server import IngestServer
from apps.ingest.settings import IngestSettings
from shared.bus import connect_bus
from shared.clock import SystemClock
from shared.db import Database
from shared.errors import ConfigurationError
from shared.settings import load
from shared.telemetry import logs
from shared.telemetry.emf import EmbeddedMetrics
from shared.telemetry.internal import InternalServer

# Scaling looks at connections every ten seconds.
METRIC_S = 10.0

log = logging.getLogger(__name__)


async def serve(settings: IngestSettings) -> None:
    """Serve devices until SIGTERM or SIGINT, then drain."""
    database = Database.from_settings(settings)
    bus = connect_bus(settings)
    server = IngestServer(settings, database, bus, SystemClock())
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)

    async def ready() -> bool:
        return not server.draining and await database.reachable()

    internal = InternalServer(ready)
    try:
        await server.start()
        if settings.internal_port:
            await internal.start(settings.internal_port)
        await _report(server, settings, stop)
        log.info("going away with %s connections", server.connections)
        await server.drain()
    finally:
        await internal.close()
        await bus.close()
        await database.close()


async def _report(server: IngestServer, settings: IngestSettings, stop: asyncio.Event) -> None:
    """Write what scaling needs until `stop` is set."""
    metrics = EmbeddedMetrics(service="ingest", environment=settings.environment.value)
    while not stop.is_set():
        metrics.write({"ActiveConnections": server.connections})
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), METRIC_S)


def main() -> int:
    """Run the process; 0 after a clean end, 1 where the configuration is not usable."""
    try:
        settings = load(IngestSettings)
        logs.configure(settings)
        _run(settings)
    except ConfigurationError as error:
        print(error.detail, file=sys.stderr)  # noqa: T201 - before there are logs
        return 1
    return 0


def _run(settings: IngestSettings) -> None:
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        asyncio.run(serve(settings))
    else:
        uvloop.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())

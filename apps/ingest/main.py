"""The ingest process, or several: `python -m apps.ingest.main`."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from apps.ingest.limits import allow_files
from apps.ingest.reports import report, report_dead_letters, tell
from apps.ingest.server import IngestServer
from apps.ingest.settings import IngestSettings
from apps.ingest.supervisor import WORKER, supervise
from shared.bus import connect_bus
from shared.clock import SystemClock
from shared.db import Database
from shared.errors import ConfigurationError
from shared.settings import load
from shared.telemetry import logs
from shared.telemetry.internal import internal_port

log = logging.getLogger(__name__)


async def serve(settings: IngestSettings, *, supervised: bool = False) -> int:
    """Serve devices until SIGTERM or SIGINT, then drain; returns the exit code.

    `supervised`: the end of the standard input, which is the supervisor's, ends it as well.
    """
    database = Database.from_settings(settings)
    bus = connect_bus(settings)
    server = IngestServer(settings, database, bus, SystemClock())
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    if supervised:
        loop.add_reader(sys.stdin.fileno(), stop.set)

    async def ready() -> bool:
        return not server.draining and await database.reachable()

    try:
        await server.start()
        _collect_seldom()
        async with internal_port(settings.internal_port, ready):
            if supervised:
                said = tell(lambda: server.connections, sys.stdin.fileno(), stop)
            else:
                said = report(lambda: server.connections, settings, stop)
            await asyncio.gather(said, report_dead_letters(settings, stop))
            log.info("going away with %s connections", server.connections)
            await server.drain()
    finally:
        await bus.close()
        await database.close()
    return 0


def _collect_seldom() -> None:
    """Look for cycles less often than Python does: there are hardly any, while thousands of
    messages live until their batch is committed, and each look would go through all of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(250_000, 20, 20)


def main() -> int:
    """Run; 0 after a clean end, 1 where the configuration is not usable."""
    try:
        settings = load(IngestSettings)
        logs.configure(settings)
        # Those without a hello, those that were refused, and the devices.
        allow_files(3 * settings.most_greeting)
        supervised = WORKER in sys.argv
        if settings.workers > 1 and not supervised:
            return asyncio.run(supervise(settings))
        return _run(serve(settings, supervised=supervised))
    except ConfigurationError as error:
        print(error.detail, file=sys.stderr)  # noqa: T201 - before there are logs
        return 1


def _run(work: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


if __name__ == "__main__":
    sys.exit(main())

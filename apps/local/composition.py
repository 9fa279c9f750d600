"""What runs, in the order in which it starts; it stops in the opposite order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from apps.fleet.kinds import PROFILES
from apps.ingest.server import IngestServer
from apps.ingest.settings import IngestSettings
from apps.local import demo, fleet, sample
from apps.local.hosts import Hosts
from apps.local.parts import Parts
from apps.local.ports import Sockets
from apps.local.server import serving
from apps.local.settings import LocalSettings
from apps.local.web import make_apps
from migrations.revision import newest, present
from shared.bus import connect_bus
from shared.clock import SystemClock
from shared.db import Database
from shared.errors import Unavailable
from shared.telemetry.clean import clean
from shared.telemetry.internal import internal_port
from shared.web.health import is_ready


@dataclass(frozen=True)
class Running:
    """What the caller needs: the demo's secrets, the ports of devices and of trackers (0: none),
    the server's task.
    """

    demo: demo.Demo
    tcp_port: int
    teltonika_port: int
    server: asyncio.Task[None]


@asynccontextmanager
async def everything(settings: LocalSettings, sockets: Sockets) -> AsyncIterator[Running]:
    """All of Fortress inside the block, on the listening sockets given.

    Leaving it stops the fleet, ends requests, says goodbye to devices once what they sent is
    committed, ends the workers, and closes the database last.
    """
    async with AsyncExitStack() as stack:
        parts = _parts(settings, stack)
        await _migrate(parts.database)
        file = settings.var / "demo.json"
        wanted = fleet.wanted(settings.fleet)
        found = await demo.prepare(parts.database, parts.clock, file, PROFILES, wanted)
        apps = make_apps(parts)
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        await sample.make_once(apps, settings.domain, file)
        ingest = await _ingest(parts, sockets, stack)
        hosts = Hosts({f"{name}.{settings.domain}": app for name, app in apps.items()})
        services = apps["api"].state.services
        internal = internal_port(settings.internal_port, lambda: is_ready(services))
        await stack.enter_async_context(internal)
        server = await stack.enter_async_context(serving(hosts, settings, sockets.http))
        stack.callback(parts.drain)
        talking = fleet.running(settings.fleet, found.tokens, settings.near_host, ingest.port)
        await stack.enter_async_context(talking)
        yield Running(found, ingest.port, ingest.teltonika_port, server)


def _parts(settings: LocalSettings, stack: AsyncExitStack) -> Parts:
    database = Database.from_settings(settings)
    stack.push_async_callback(database.close)
    bus = connect_bus(settings)
    stack.push_async_callback(bus.close)
    return Parts(settings, database, bus, SystemClock())


async def _migrate(database: Database) -> None:
    try:
        async with database.engine.connect() as connection:
            at = await connection.run_sync(present)
    except (DBAPIError, OSError) as error:
        raise Unavailable(
            f"the database cannot be used ({clean(str(error.__cause__ or error))}); "
            "run `.venv/bin/fortress doctor`, or use another: make run VAR=other"
        ) from error
    if at != newest():
        from migrations.run import upgrade  # noqa: PLC0415 - it takes a tenth of a start

        await upgrade(database)


async def _ingest(parts: Parts, sockets: Sockets, stack: AsyncExitStack) -> IngestServer:
    """Start ingest on the addresses of the sockets, which it listens on itself."""
    host, port = sockets.devices.getsockname()[:2]
    sockets.devices.close()
    trackers = 0
    if sockets.trackers is not None:
        trackers = sockets.trackers.getsockname()[1]
        sockets.trackers.close()
    settings = parts.settings_of(
        IngestSettings, tcp_host=host, tcp_port=port, teltonika_port=trackers
    )
    server = IngestServer(settings, parts.database, parts.bus, parts.clock)
    await server.start()
    stack.push_async_callback(server.drain)
    return server

"""The ingest service: listens, keeps time, drains."""

import asyncio
import logging
import random
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from apps.ingest import metrics
from apps.ingest.admission import Admission
from apps.ingest.connection import Connection
from apps.ingest.entrance import Entrance
from apps.ingest.hub import Hub
from apps.ingest.pipeline import Pipeline
from apps.ingest.protocol.line import LineProtocol
from apps.ingest.protocol.speech import Speech
from apps.ingest.protocol.teltonika import TeltonikaProtocol
from apps.ingest.sessions import Sessions
from apps.ingest.settings import IngestSettings
from apps.ingest.takeover import Takeover
from apps.ingest.watch import Watch
from shared.bus import Bus
from shared.clock import Clock
from shared.db import Database
from shared.db.partitions import keep_partitions
from shared.errors import ConfigurationError
from shared.ids import new_id
from shared.readings import presence
from shared.readings.store import Store

# asyncio's default of 100 silently loses connections when thousands come at once.
BACKLOG: Final = 4_096
# What the kernel holds of a connection that is paused. By itself it takes megabytes of each, and
# after an overload whoever comes next waits until all of that is committed.
UNREAD: Final = 32 * 1024
SOMAXCONN: Final = Path("/proc/sys/net/core/somaxconn")
BYE_MS: Final = 2_000
# Devices are told to come back in steps, all of them in this share of the time to drain.
BYE_STEP_S: Final = 0.05
BYE_SHARE: Final = 0.5
RESTART_S: Final = 0.2
# Each has a connection, which it lends to who comes and goes between two batches. SQLite has one
# writer at a time.
WRITERS: Final = 2
# What is under way in the database gets this long to end when everything else has.
END_S: Final = 5.0

log = logging.getLogger(__name__)


class IngestServer:
    """Devices' door. `start`, then `drain` to go away without losing anything."""

    def __init__(
        self, settings: IngestSettings, database: Database, bus: Bus, clock: Clock
    ) -> None:
        self._settings = settings
        self._task = settings.task or new_id("ing")
        self._bus = bus
        self._clock = clock
        self._reading = database
        self._writing = _for_batches(database, settings)
        store = Store(task=self._task, clock=clock)
        self.sessions = Sessions(
            most_greeting=settings.most_greeting, most_per_address=settings.most_per_address
        )
        self.pipeline = Pipeline(
            self._writing,
            bus,
            store,
            task=self._task,
            writers=1 if database.is_sqlite else WRITERS,
            most_rows=settings.batch_rows,
            most_bytes=settings.queue_bytes,
            most_bytes_each=settings.org_queue_bytes,
        )
        self._takeover = Takeover(database, bus, self.sessions, task=self._task)
        self._admission = Admission(
            self._writing,
            store,
            clock,
            entrance=Entrance(settings),
            task=self._task,
            came=self._takeover.came,
        )
        self._hub = Hub(settings, clock, self._admission, self.pipeline, self.sessions)
        self._watch = Watch(self._hub, database, bus, self._takeover, task=self._task)
        self._server: asyncio.Server | None = None
        self._trackers: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._housekeeping: list[asyncio.Task[None]] = []
        self._draining = False

    @property
    def port(self) -> int:
        """The port that devices of lines connect to."""
        assert self._server is not None
        return _port(self._server)

    @property
    def teltonika_port(self) -> int:
        """The port that Teltonika trackers connect to; 0: none."""
        return 0 if self._trackers is None else _port(self._trackers)

    @property
    def connections(self) -> int:
        """Sockets open now."""
        return len(self.sessions.open)

    @property
    def draining(self) -> bool:
        return self._draining

    async def start(self) -> None:
        """Listen. Raises `ConfigurationError` where the port is taken."""
        settings = self._settings
        _warn_of_backlog()
        await presence.forget(self._reading, task=self._task, now=self._clock.now_ms())
        self._server = await self._listen(settings.tcp_port, "FORTRESS_TCP_PORT", LineProtocol)
        if settings.teltonika_port:
            self._trackers = await self._listen(
                settings.teltonika_port, "FORTRESS_TELTONIKA_PORT", TeltonikaProtocol
            )
        self._tasks = [
            asyncio.create_task(work)
            for work in (
                self._keep("commits", self.pipeline.run),
                self._keep("admission", self._admission.run),
                self._keep("the bus", self._watch.listen),
                self._keep("taking over", self._takeover.listen),
                self._keep("telling of devices", self._takeover.tell),
            )
        ]
        self._housekeeping = [
            asyncio.create_task(work)
            for work in (
                self._keep("sweeping", self._watch.sweep),
                self._keep("looking again", self._watch.recheck),
                keep_partitions(self._writing, self._clock, self._watch.stop),
            )
        ]
        log.info("devices connect to port %s, trackers to %s", self.port, self.teltonika_port)

    async def _listen(
        self, port: int, setting: str, speech: Callable[[], Speech]
    ) -> asyncio.Server:
        host = self._settings.tcp_host
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self._hub, speech()),
                host,
                port,
                backlog=BACKLOG,
                reuse_address=True,
                reuse_port=self._settings.workers > 1,
            )
        except OSError as error:
            if self._server is not None:
                self._server.close()
            raise ConfigurationError(
                f"{setting}: {host}:{port} cannot be listened on"
                f" ({error.strerror}); stop what uses it or set another port"
            ) from None
        for listener in server.sockets:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD)
        return server

    async def drain(self) -> None:
        """Go away: take no more, say goodbye, commit and acknowledge what is held, close.

        What could not be committed within `drain_s` was not acknowledged; its device sends it
        again.
        """
        self._draining = True
        for server in (self._server, self._trackers):
            if server is not None:
                server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_s):
                await self._say_goodbye()
                await self.pipeline.drained()
                await self.sessions.all_closed()
                await self._watch.write_presence()
        for connection in list(self.sessions.open):
            connection.abort()
        await self._end_tasks()
        if self._writing is not self._reading:
            await self._writing.close()

    async def _say_goodbye(self) -> None:
        """Tell every device to come back, so many a second that the others can take them in, and
        as fast as the time to drain needs. Until it is told, a device is served.
        """
        told = list(self.sessions.open)
        rate = max(self._settings.bye_rate, len(told) / (self._settings.drain_s * BYE_SHARE))
        each = max(1, round(rate * BYE_STEP_S))
        for start in range(0, len(told), each):
            if start:
                await asyncio.sleep(BYE_STEP_S)
            for connection in told[start : start + each]:
                connection.goodbye(_bye_retry())
        # Those that were on their way in when the door closed.
        for connection in list(self.sessions.open):
            connection.goodbye(_bye_retry())

    async def _keep(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Keep `work` going. After a failure that nobody foresaw, every device starts anew: what
        was not acknowledged it still has.
        """
        while True:
            try:
                await work()
            except Exception:
                log.exception("%s failed; every device has to connect again", what)
                metrics.RESTARTS.inc()
                self.pipeline.reset()
                for connection in list(self.sessions.open):
                    connection.abort()
            else:
                return
            await asyncio.sleep(RESTART_S)

    async def _end_tasks(self) -> None:
        self._watch.stop.set()
        if self._housekeeping:
            # One that is cancelled inside a statement would break its connection.
            await asyncio.wait(self._housekeeping, timeout=END_S)
        tasks = [*self._housekeeping, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


def _for_batches(database: Database, settings: IngestSettings) -> Database:
    """Connections of their own: batches are larger than RDS Proxy takes without pinning, and rows
    are counted as changed, not as found. SQLite has neither difference.
    """
    if database.is_sqlite:
        return database
    return Database.from_settings(settings, pool=WRITERS, count_changed=True, bulk=True)


def _bye_retry() -> int:
    return BYE_MS + random.randrange(BYE_MS)  # noqa: S311 - spreads load, no secret


def _warn_of_backlog() -> None:
    """Say so where the kernel keeps fewer connections waiting than we ask for. Linux only."""
    with suppress(OSError, ValueError):
        kept = int(SOMAXCONN.read_text())
        if kept < BACKLOG:
            log.warning("net.core.somaxconn is %s: set it to %s or more", kept, BACKLOG)

"""Several ingest processes on one host: they share the ports, and one that dies is replaced."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import Final

from apps.ingest.reports import hear, report
from apps.ingest.settings import IngestSettings
from shared.errors import ConfigurationError
from shared.ids import new_id

# The argument that makes `apps.ingest.main` one of several.
WORKER: Final = "--worker"
COMMAND: Final = (sys.executable, "-m", "apps.ingest.main", WORKER)
FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 5.0
# A process that lived as long as this was well: the next wait is the shortest again.
WELL_S: Final = 30.0
# What a process may take to end beyond the time that draining has.
END_S: Final = 10.0

# Drained, or told to end before it could hear it: then it had served nobody yet.
ENDED: Final = frozenset({0, -signal.SIGTERM})

log = logging.getLogger(__name__)


class Supervisor:
    """Keeps `settings.workers` processes of `command` going until `stop`.

    Each has the name of the task with its number, and, if there is one, the internal port plus
    its number. Its standard input is a socket: there it tells how many connections it has, and
    is told, by its end, when the supervisor is gone.
    """

    def __init__(self, settings: IngestSettings, command: Sequence[str] = COMMAND) -> None:
        self._settings = settings
        self._command = command
        self._task = settings.task or new_id("ing")
        self._stop = asyncio.Event()
        self._listener = _reserve(settings, settings.tcp_port, "FORTRESS_TCP_PORT")
        self._trackers: socket.socket | None = None
        if settings.teltonika_port:
            self._trackers = _reserve(settings, settings.teltonika_port, "FORTRESS_TELTONIKA_PORT")
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._connections: dict[int, int] = {}

    @property
    def port(self) -> int:
        """The port that the processes share."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [process.pid for process in self._processes.values()]

    @property
    def connections(self) -> int:
        """What the processes that run said last, together."""
        return sum(self._connections.values())

    def stop(self) -> None:
        """Let every process drain; `run` returns when the last one has ended."""
        self._stop.set()
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.terminate()

    async def run(self) -> int:
        """Returns 0 if every process drained or had not begun, else 1."""
        reporting = asyncio.create_task(
            report(lambda: self.connections, self._settings, self._stop)
        )
        with self._listener, self._trackers or nullcontext():
            codes = await asyncio.gather(*map(self._keep, range(self._settings.workers)))
        await reporting
        return 0 if ENDED.issuperset(codes) else 1

    async def _keep(self, number: int) -> int:
        wait = FIRST_WAIT_S
        while True:
            began = time.monotonic()
            code = await self._run_one(number)
            if self._stop.is_set():
                return code
            if time.monotonic() - began > WELL_S:
                wait = FIRST_WAIT_S
            log.error("process %s ended with %s; a new one starts in %g s", number, code, wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait)
            if self._stop.is_set():
                return 0
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _run_one(self, number: int) -> int:
        ours, its = socket.socketpair()
        with its:
            process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment(number), stdin=its.fileno()
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        hearing = asyncio.create_task(hear(reader, partial(self._heard, number)))
        self._processes[number] = process
        if self._stop.is_set():
            process.terminate()
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await asyncio.wait((ended,), timeout=self._settings.drain_s + END_S)
            if not ended.done():
                log.error("process %s does not end; it is killed", number)
                process.kill()
            return await ended
        finally:
            stopped.cancel()
            hearing.cancel()
            writer.close()
            del self._processes[number]
            self._connections.pop(number, None)

    def _heard(self, number: int, connections: int) -> None:
        self._connections[number] = connections

    def _environment(self, number: int) -> dict[str, str]:
        internal = self._settings.internal_port
        return os.environ | {
            "FORTRESS_TASK": f"{self._task}-{number}",
            "FORTRESS_TCP_PORT": str(self.port),
            "FORTRESS_INTERNAL_PORT": str(internal and internal + number),
        }


def _reserve(settings: IngestSettings, port: int, setting: str) -> socket.socket:
    """A shared port, bound and not listened on: nothing is ever given to this socket.

    Raises `ConfigurationError` where it cannot be had.
    """
    family = socket.AF_INET6 if ":" in settings.tcp_host else socket.AF_INET
    reserved = socket.socket(family, socket.SOCK_STREAM)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((settings.tcp_host, port))
    except (OSError, AttributeError) as error:
        reserved.close()
        raise ConfigurationError(
            f"{setting}: {settings.tcp_host}:{port} cannot be shared by"
            f" FORTRESS_WORKERS={settings.workers} ({error}); stop what uses it or set one worker"
        ) from None
    return reserved


async def supervise(settings: IngestSettings) -> int:
    """Run the processes until SIGTERM or SIGINT; returns the exit code."""
    supervisor = Supervisor(settings)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, supervisor.stop)
    log.info("%s processes share port %s", settings.workers, supervisor.port)
    return await supervisor.run()

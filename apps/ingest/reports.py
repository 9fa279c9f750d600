"""How many connections there are, as scaling reads it: one figure a task, whatever its processes.

CloudWatch averages over tasks, so each may say its number once. Of several processes that share a
port the supervisor says the sum, and the processes tell it theirs over their standard input,
which is a socket of its.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from apps.ingest.settings import IngestSettings
from shared.telemetry.emf import EmbeddedMetrics

TELL_S: Final = 1.0


async def report(
    connections: Callable[[], int], settings: IngestSettings, stop: asyncio.Event
) -> None:
    """Write what scaling needs until `stop` is set."""
    metrics = EmbeddedMetrics(service="ingest", environment=settings.environment.value)
    await metrics.keep_writing("ActiveConnections", connections, stop)


async def tell(connections: Callable[[], int], supervisor: int, stop: asyncio.Event) -> None:
    """Tell the supervisor, by its file descriptor, until `stop` is set."""
    os.set_blocking(supervisor, False)
    while not stop.is_set():
        # It reads all the time; when it does not, the next number is as good.
        with suppress(OSError):
            os.write(supervisor, b"%d\n" % connections())
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TELL_S)


async def hear(process: asyncio.StreamReader, took: Callable[[int], None]) -> None:
    """Take the numbers that a process tells, until it ends."""
    with suppress(OSError):
        while line := await process.readline():
            took(int(line))

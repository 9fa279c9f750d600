"""What CloudWatch is told: how many connections there are, as scaling reads it, one figure a task,
whatever its processes; and how many dead letters there were.

CloudWatch averages over tasks, so each may say its number once. Of several processes that share a
port the supervisor says the sum, and the processes tell it theirs over their standard input,
which is a socket of its.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from prometheus_client import REGISTRY

from apps.ingest.settings import IngestSettings
from shared.telemetry.emf import EmbeddedMetrics

TELL_S: Final = 1.0
# Of apps/ingest/metrics.py.
COUNTED: Final = "fortress_ingest_messages_total"


async def report(
    connections: Callable[[], int], settings: IngestSettings, stop: asyncio.Event
) -> None:
    """Write what scaling needs until `stop` is set."""
    metrics = EmbeddedMetrics(service="ingest", environment=settings.environment.value)
    await metrics.keep_writing("ActiveConnections", connections, stop)


async def report_dead_letters(settings: IngestSettings, stop: asyncio.Event) -> None:
    """Write how many messages became dead letters since the last time, until `stop` is set. Each
    process does: these are added up.
    """
    metrics = EmbeddedMetrics(service="ingest", environment=settings.environment.value)
    told = _dead_letters()

    def fresh() -> float:
        nonlocal told
        before, told = told, _dead_letters()
        return told - before

    await metrics.keep_writing("DeadLetters", fresh, stop)


def _dead_letters() -> float:
    """How many this process has committed."""
    return REGISTRY.get_sample_value(COUNTED, {"kind": "dead_letter"}) or 0.0


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

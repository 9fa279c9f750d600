"""How many runs wait, as scaling reads it."""

import asyncio
import logging

from apps.reporting.runs.repository import QUEUE
from shared.clock import Clock
from shared.db import Database
from shared.jobs import leases
from shared.settings import Environment
from shared.telemetry.emf import EmbeddedMetrics

log = logging.getLogger(__name__)


async def report(
    database: Database, clock: Clock, environment: Environment, stop: asyncio.Event
) -> None:
    """Tell CloudWatch, where there is one, until `stop` is set.

    Every task says how many wait in the one queue of all: the average over tasks is that number
    and not a share of it. There are as many samples as tasks, so scaling divides the average by
    the number of samples (infra/constructs/scaling.py).
    """
    if environment is Environment.development:
        return
    metrics = EmbeddedMetrics(service="reporting", environment=environment.value)

    async def waiting() -> float:
        async with database.read() as session:
            return await leases.waiting(session, QUEUE, clock.now())

    await metrics.keep_asking("WaitingRuns", waiting, stop)

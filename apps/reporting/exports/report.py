"""How many exports are under way, as scaling reads it: one figure a task."""

import asyncio

from shared.settings import Environment
from shared.telemetry.emf import EmbeddedMetrics
from shared.web.streaming import Slots


async def report(slots: Slots, environment: Environment, stop: asyncio.Event) -> None:
    """Tell CloudWatch, where there is one, until `stop` is set.

    An export waits for nothing: it begins, or is refused where all places are taken. So there are
    no waiting ones to count, and scaling has to act before the places of a task are taken.
    """
    if environment is not Environment.development:
        metrics = EmbeddedMetrics(service="reporting", environment=environment.value)
        await metrics.keep_writing("RunningExports", lambda: slots.taken, stop)

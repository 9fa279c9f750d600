"""CloudWatch embedded-metric lines: what scaling needs, written to stdout and made metrics there.

Format: the Embedded Metric Format specification of Amazon CloudWatch. Without the agent or on a
laptop such a line is one more JSON line of the log.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TextIO

from shared.clock import Clock, SystemClock

log = logging.getLogger(__name__)

NAMESPACE: Final = "Fortress"
# What CloudWatch files a metric under; infra's policies ask for it by the same names.
DIMENSIONS: Final = ("Environment", "Service")


@dataclass(frozen=True, slots=True)
class Metric:
    """What CloudWatch is told of a metric. It is written once in `every_s` seconds.

    CloudWatch keeps one value a minute, unless it is told to keep each second's (a storage
    resolution of 1): an alarm that looks every ten seconds needs that.
    """

    unit: str
    every_s: int

    @property
    def directive(self) -> dict[str, object]:
        return {"Unit": self.unit} | ({"StorageResolution": 1} if self.every_s < 60 else {})


# What scaling reads, and alarms. Each is per task, so that an average over tasks falls when tasks
# are added; WaitingRuns is of all, and scaling divides it by the tasks that say it. DeadLetters
# are those since the last line, to be added up.
METRICS: Final = {
    "ActiveConnections": Metric("Count", every_s=10),
    "DeadLetters": Metric("Count", every_s=60),
    "OpenStreams": Metric("Count", every_s=60),
    "RunningExports": Metric("Count", every_s=60),
    "WaitingRuns": Metric("Count", every_s=60),
}


class EmbeddedMetrics:
    """Writes metric lines of one service; `environment` and `service` are their dimensions."""

    def __init__(
        self,
        *,
        service: str,
        environment: str,
        stream: TextIO | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._dimensions = dict(zip(DIMENSIONS, (environment, service), strict=True))
        self._stream = stream
        self._clock = clock or SystemClock()

    def write(self, values: Mapping[str, float], **properties: str) -> None:
        """One line with the metrics `values` (names of `METRICS`); `properties` are searchable."""
        if unknown := set(values) - set(METRICS):
            raise ValueError(f"not in the table of metrics: {sorted(unknown)}")
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [list(self._dimensions)],
            "Metrics": [{"Name": name} | METRICS[name].directive for name in values],
        }
        aws = {"Timestamp": self._clock.now_ms(), "CloudWatchMetrics": [directive]}
        line = {"_aws": aws, **properties, **self._dimensions, **values}
        stream = self._stream or sys.stdout
        stream.write(json.dumps(line, separators=(",", ":")) + "\n")
        stream.flush()

    async def keep_writing(
        self, name: str, value: Callable[[], float], stop: asyncio.Event
    ) -> None:
        """Write the metric as often as `METRICS` says, until `stop` is set."""

        async def ask() -> float:
            return value()

        await self.keep_asking(name, ask, stop)

    async def keep_asking(
        self, name: str, value: Callable[[], Awaitable[float]], stop: asyncio.Event
    ) -> None:
        """The same with a value that has to be asked for. While it is not to be had, nothing is
        written: silence scales nothing.
        """
        loop = asyncio.get_running_loop()
        # By the clock, so that each period has one sample of each task.
        due = loop.time()
        while not stop.is_set():
            try:
                self.write({name: await value()})
            except Exception:
                log.exception("%s could not be found out, will try again", name)
            due = max(due + METRICS[name].every_s, loop.time())
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await stop.wait()

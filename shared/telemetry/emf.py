"""CloudWatch embedded-metric lines: what scaling needs, written to stdout and made metrics there.

Format: the Embedded Metric Format specification of Amazon CloudWatch. Without the agent or on a
laptop such a line is one more JSON line of the log.
"""

import json
import sys
from collections.abc import Mapping
from typing import TextIO

from shared.clock import Clock, SystemClock

NAMESPACE = "Fortress"
# What scaling reads: the name and its unit. Each is per task, so that an average over tasks falls
# when tasks are added.
UNITS = {"ActiveConnections": "Count", "OpenStreams": "Count", "WaitingRuns": "Count"}


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
        self._dimensions = {"Environment": environment, "Service": service}
        self._stream = stream
        self._clock = clock or SystemClock()

    def write(self, values: Mapping[str, float], **properties: str) -> None:
        """One line with the metrics `values` (names of `UNITS`); `properties` are searchable."""
        if unknown := set(values) - set(UNITS):
            raise ValueError(f"not in the table of metrics: {sorted(unknown)}")
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [list(self._dimensions)],
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
        }
        aws = {"Timestamp": self._clock.now_ms(), "CloudWatchMetrics": [directive]}
        line = {"_aws": aws, **properties, **self._dimensions, **values}
        stream = self._stream or sys.stdout
        stream.write(json.dumps(line, separators=(",", ":")) + "\n")
        stream.flush()

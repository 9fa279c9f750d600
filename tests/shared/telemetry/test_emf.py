import io
import json

import pytest

from shared.clock import ManualClock
from shared.telemetry.emf import EmbeddedMetrics


def test_a_line_is_what_cloudwatch_reads() -> None:
    out = io.StringIO()
    metrics = EmbeddedMetrics(
        service="ingest", environment="production", stream=out, clock=ManualClock(1_763_740_800_123)
    )
    metrics.write({"ActiveConnections": 12, "OpenStreams": 0}, task="t1")
    assert out.getvalue().endswith("}\n")
    assert json.loads(out.getvalue()) == {
        "_aws": {
            "Timestamp": 1_763_740_800_123,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Fortress",
                    "Dimensions": [["Environment", "Service"]],
                    "Metrics": [
                        {"Name": "ActiveConnections", "Unit": "Count"},
                        {"Name": "OpenStreams", "Unit": "Count"},
                    ],
                }
            ],
        },
        "task": "t1",
        "Environment": "production",
        "Service": "ingest",
        "ActiveConnections": 12,
        "OpenStreams": 0,
    }


def test_a_metric_that_is_not_in_the_table_is_refused() -> None:
    metrics = EmbeddedMetrics(service="ingest", environment="production", stream=io.StringIO())
    with pytest.raises(ValueError, match="Typo"):
        metrics.write({"Typo": 1})

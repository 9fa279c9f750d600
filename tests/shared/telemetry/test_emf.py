import asyncio
import io
import json
import re

import pytest

from shared.clock import ManualClock
from shared.telemetry.emf import METRICS, EmbeddedMetrics
from tests.support.servers import ROOT
from tests.support.until import until


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
                        {"Name": "ActiveConnections", "Unit": "Count", "StorageResolution": 1},
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


async def test_a_metric_is_written_at_once_and_no_more_when_it_is_stopped() -> None:
    out, stop = io.StringIO(), asyncio.Event()
    metrics = EmbeddedMetrics(service="ingest", environment="production", stream=out)
    writing = asyncio.create_task(metrics.keep_writing("ActiveConnections", lambda: 3, stop))
    await until(lambda: bool(out.getvalue()))
    stop.set()
    await writing
    assert [json.loads(line)["ActiveConnections"] for line in out.getvalue().splitlines()] == [3]


def test_every_metric_in_the_table_is_written_by_an_app() -> None:
    code = "".join(file.read_text() for file in (ROOT / "apps").rglob("*.py"))
    assert set(re.findall(r'keep_(?:writing|asking)\(\s*"(\w+)"', code)) == set(METRICS)

"""Thousands of devices at once at a process that knows none of them, what each costs, and how
fast they are let go.
"""

import signal
import time
from collections.abc import Sequence

from tests.bench.devices.generator import Generator
from tests.bench.devices.schedule import percentile
from tests.bench.parts.rig import DEVICES, Rig
from tests.bench.results import Figure
from tests.support.ingest_process import IngestProcess

# What the first device brings into memory all others share.
EARLY = 100
STORM = DEVICES - EARLY
SETTLE_S = 1.0
DRAIN_S = 25


def storm(rig: Rig) -> list[Figure]:
    """Seconds from the beginning to the first reading acknowledged, and KiB a connection."""
    what = f"{STORM:,} devices at once until the first reading is acknowledged"
    p50 = Figure(f"{what}, p50", "s", at_most=True)
    p99 = Figure(f"{what}, p99", "s", reach=2, at_most=True)
    each = Figure(f"memory for an idle connection ({STORM:,})", "KiB", reach=6, at_most=True)
    drained = Figure(f"SIGTERM until {STORM:,} devices are let go", "s", reach=30, at_most=True)
    for number in range(rig.options.runs):
        with rig.ingest(drain_s=DRAIN_S) as ingest:
            times, kib = _come(rig, ingest, drained if number == 0 else None)
        p50.runs.append(percentile(times, 0.5))
        p99.runs.append(percentile(times, 0.99))
        each.runs.append(kib)
        rig.say(f"storm, run {number + 1}: p99 {p99.runs[-1]:.2f} s, {kib:.1f} KiB each")
    return [p50, p99, each, drained]


def _come(rig: Rig, ingest: IngestProcess, drained: Figure | None) -> tuple[list[float], float]:
    with (
        rig.generator(ingest.port, rig.devices[:EARLY]) as early,
        rig.generator(ingest.port, rig.devices[EARLY:]) as generator,
    ):
        early.greet(first=True)
        rig.clear(ingest.pid)
        before = ingest.rss_mib
        times = generator.greet(first=True)
        time.sleep(SETTLE_S)
        kib = (ingest.rss_mib - before) * 1024 / STORM
        if drained is not None:
            drained.runs.append(_let_go(ingest, [early, generator]))
    return times, kib


def _let_go(ingest: IngestProcess, generators: Sequence[Generator]) -> float:
    for generator in generators:
        generator.start_linger()
    began = time.monotonic()
    code = ingest.end(signal.SIGTERM)
    assert code == 0, f"ingest ended with {code}: {ingest.log[-2000:]}"
    return time.monotonic() - began

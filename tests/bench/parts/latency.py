"""How long an acknowledgement takes at a fixed rate, from when the message was due."""

from collections.abc import Sequence

from tests.bench.devices.schedule import Timed, percentile
from tests.bench.parts.rig import Rig
from tests.bench.results import Figure

DEVICES = 1_000
RATES = (1_000, 5_000)
# At which the aims are set.
AIMED = 5_000
# What came while the first batches found their size does not count.
WARM_S = 0.5


def pairs(timed: Sequence[float]) -> list[Timed]:
    """Due times and latencies as they come from the generator, side by side."""
    return list(zip(timed[::2], timed[1::2], strict=True))


def latency(rig: Rig) -> list[Figure]:
    """p50 and p99 at each rate."""
    figures = []
    with rig.ingest() as ingest:
        for rate in RATES:
            aimed = rate == AIMED
            what = f"acknowledged at {rate:,} messages/s of {DEVICES:,} devices"
            p50 = Figure(f"{what}, p50", "ms", reach=15 if aimed else None, at_most=True)
            p99 = Figure(f"{what}, p99", "ms", reach=60 if aimed else None, at_most=True)
            figures += [p50, p99]
            for number in range(rig.options.runs):
                found = _measure(rig, ingest.port, ingest.pid, rate)
                p50.runs.append(percentile(found, 0.5) * 1000)
                p99.runs.append(percentile(found, 0.99) * 1000)
                rig.say(f"{what}, run {number + 1}: p50 {p50.runs[-1]:.1f} ms")
    return figures


def _measure(rig: Rig, port: int, pid: int, rate: int) -> list[float]:
    rig.clear(pid)
    with rig.generator(port, rig.devices[:DEVICES]) as generator:
        generator.greet()
        run = generator.timed(rate=rate, seconds=rig.options.seconds + WARM_S)
    return [latency for due, latency in pairs(run.talked.timed) if due >= run.talked.began + WARM_S]

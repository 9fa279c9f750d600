"""Ten times what it can take: memory, what was acknowledged, and how soon it is well again."""

import time
from dataclasses import dataclass
from typing import Final

from tests.bench.devices.generator import Run
from tests.bench.devices.schedule import Timed, percentile, recovery_s
from tests.bench.parts.latency import pairs
from tests.bench.parts.rig import Bearer, Rig
from tests.bench.parts.throughput import MAIN, send
from tests.bench.results import Figure
from tests.support.ingest_process import IngestProcess

TIMES: Final = 10
# What ingest tells devices to keep to, and devices that do not.
WINDOW: Final = 256
NO_WINDOW: Final = 1_000_000
# Beside the others, always the same few messages, to see what a device meets.
PROBES: Final = 100
PROBE_RATE: Final = 500
BEFORE_S: Final = 4.0
AFTER_S: Final = 20.0
LOOK_S: Final = 0.25
# The p99 aimed at, below which nothing counts as ill.
NORMAL_S: Final = 0.06
# Devices that keep to their window fill no queue, so less time shows as much.
MANNERLY_SHARE: Final = 0.2


@dataclass
class Seen:
    """`began`, `ended`: when the load was offered, in monotonic seconds, as in `memory` (MiB)."""

    began: float
    ended: float
    flood: Run
    timed: list[Timed]
    memory: list[tuple[float, float]]
    missing: int

    def mib_at(self, share: float) -> float:
        """Memory in use at that share of the load's time."""
        at = self.began + (self.ended - self.began) * share
        return next(mib for when, mib in reversed(self.memory) if when <= at)

    @property
    def growth_mib(self) -> float:
        return self.mib_at(1) - self.mib_at(0.25)

    @property
    def taken(self) -> float:
        talked = self.flood.talked
        return talked.acked / (talked.ended - talked.began)

    @property
    def recovery_s(self) -> float:
        """Until the p99 is what is aimed at, or twice what it was before."""
        before = [latency for due, latency in self.timed if due < self.began]
        return recovery_s(self.timed, self.ended, max(NORMAL_S, 2 * percentile(before, 0.99)))


def overload(rig: Rig) -> list[Figure]:
    """Once, for as long as asked for."""
    seconds = rig.options.overload_s
    what = f"{TIMES} times the load for {seconds:g} s"
    with rig.ingest() as ingest:
        takes = send(rig, ingest, MAIN).rate
        rig.say(f"overload: it takes {takes:,.0f} messages/s; {seconds:g} s of {TIMES} times that")
        mannerly = _flood(rig, ingest, takes * TIMES, seconds * MANNERLY_SHARE, WINDOW)
        seen = _flood(rig, ingest, takes * TIMES, seconds, NO_WINDOW)
    recovery = [seen.recovery_s]
    kept = [mannerly.recovery_s]
    return [
        Figure(f"{what}: offered", "messages/s", [takes * TIMES]),
        Figure(f"{what}: taken", "messages/s", [seen.taken]),
        Figure(f"{what}: memory at the end", "MiB", [seen.mib_at(1)]),
        Figure(f"{what}: growth since a quarter", "MiB", [seen.growth_mib], 10, at_most=True),
        Figure(f"{what}: acknowledged, missing", "messages", [seen.missing], 0, at_most=True),
        Figure(f"{what}: normal latency after", "s", recovery, 5, at_most=True),
        Figure(f"{what}, windows kept: normal latency after", "s", kept, 5, at_most=True),
    ]


def _flood(rig: Rig, ingest: IngestProcess, rate: float, seconds: float, window: int) -> Seen:
    flooding = rig.devices[: MAIN.devices]
    probes = rig.devices[MAIN.devices : MAIN.devices + PROBES]
    rig.clear(ingest.pid)
    with (
        rig.generator(ingest.port, probes, processes=1) as probe,
        rig.generator(ingest.port, flooding) as generator,
    ):
        probe.greet()
        generator.greet()
        probe.start_timed(rate=PROBE_RATE, seconds=BEFORE_S + seconds + AFTER_S)
        probe.finished(BEFORE_S)
        began = time.monotonic()
        generator.start_flood(rate=rate, seconds=seconds, window=window, after=AFTER_S)
        memory = [(began, ingest.rss_mib)]
        while not generator.finished(LOOK_S):
            memory.append((time.monotonic(), ingest.rss_mib))
        flood = generator.run()
        rig.say(f"overload: {flood.talked.sent:,} sent, {flood.talked.acked:,} acknowledged")
        missing = _missing(rig, flooding, flood.talked.reached)
        timed = pairs(probe.run().talked.timed)
    return Seen(began, began + seconds, flood, timed, memory, missing)


def _missing(rig: Rig, devices: list[Bearer], reached: list[int]) -> int:
    """How many messages are acknowledged and not stored."""
    # The others' readings are of another boot.
    rows = rig.query(
        f"SELECT device_id, COUNT(*) FROM reading WHERE boot = {rig.boot} GROUP BY device_id"
    )
    stored = {row[0]: row[1] for row in rows}
    pairs = zip(devices, reached, strict=True)
    return sum(max(0, acked - stored.get(device.id, 0)) for device, acked in pairs)

"""Many simulated trackers for a while, then what was counted beside what the API returns."""

import asyncio
import hashlib
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from apps.fleet.api import Api
from apps.fleet.avl import Fix
from apps.fleet.errors import DeviceRefused
from apps.fleet.scenario import Scenario
from apps.fleet.simulator import DRAIN_S, PROGRESS_S, READ_AT_ONCE, TICK_S, Progress, Report
from apps.fleet.tracker import Tracker
from apps.fleet.verdict import EXAMPLES, Verdict
from shared.errors import Conflict

# Connections that are cut before the answer, where faults are asked for.
CUT: Final = 0.05
# A fault should not take minutes to be over.
LONGEST_WAIT_S: Final = 2.0
# They drive round a point, this far from it in degrees.
CENTRE: Final = (54.7146368, 25.3032245)
RADIUS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Track:
    """What one tracker is to send: its `n`-th record is the same at every call."""

    index: int
    scenario: Scenario

    @property
    def imei(self) -> str:
        """Fifteen digits that follow from the prefix and the index."""
        hashed = hashlib.sha256(f"{self.scenario.prefix}/{self.index}".encode()).digest()
        return f"86{int.from_bytes(hashed[:8]) % 10**13:013d}"

    def fix(self, n: int) -> Fix:
        """Its place on the way round."""
        turn = (n / 120 + self.index / 7) % 1 * math.tau
        return Fix(
            t=self.t(n),
            lat=round(CENTRE[0] + RADIUS * math.sin(turn), 7),
            lon=round(CENTRE[1] + RADIUS * math.cos(turn), 7),
            alt=100 + self.index % 50,
            angle=round(math.degrees(turn)) % 360,
            satellites=12,
            speed=40 + n % 30,
            io={239: 1, 240: n % 2, 66: 12_000 + n % 900, 16: 1_000 * self.index + n},
        )

    def t(self, n: int) -> int:
        """When; no two are of the same millisecond, so that it tells them apart."""
        apart = max(1.0, 1000 * self.scenario.seconds / self.count)
        return self.scenario.start_ms + round(n * apart)

    @property
    def count(self) -> int:
        """How many records it sends."""
        return self.scenario.count


def expected(fix: Fix) -> dict[str, Any]:
    """The reading that `fix` is to become."""
    values: dict[str, Any] = {
        "lat": fix.lat,
        "lon": fix.lon,
        "alt": fix.alt,
        "angle": fix.angle,
        "sat": fix.satellites,
        "speed": fix.speed,
        "prio": fix.priority,
    }
    return values | {f"io.{number}": value for number, value in fix.io.items()}


class TrackSimulation:
    """As `Simulation`, of trackers. Setting `stop` ends the sending."""

    def __init__(
        self,
        scenario: Scenario,
        api: Api,
        *,
        host: str,
        port: int,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.stop = asyncio.Event()
        self._api = api
        self._on_progress = on_progress
        self._tracks = [Track(index, scenario) for index in range(scenario.devices)]
        self._scenario = scenario
        self._trackers = [
            Tracker(
                host,
                port,
                track.imei,
                rng=random.Random(f"{scenario.seed}/{track.index}"),  # noqa: S311 - repeatable on purpose
                cut=CUT if scenario.faults else 0.0,
                sleep=_soon,
            )
            for track in self._tracks
        ]
        self._sent = 0
        self._started = 0.0
        self._told = 0.0

    async def run(self) -> Report:
        """Register the trackers, send, drain, and compare. Raises `DomainError` if that fails."""
        known = {track.imei: await _ensure(self._api, track.imei) for track in self._tracks}
        self._started = time.monotonic()
        running = [asyncio.create_task(tracker.run()) for tracker in self._trackers]
        try:
            await self._send()
            await self._drain()
            report = self._report()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        await self._judge(known, report.verdict)
        return report

    async def _send(self) -> None:
        of_each = self._tracks[0].count
        sent = 0
        while sent < of_each and not self.stop.is_set():
            elapsed = (time.monotonic() - self._started) / self._scenario.seconds
            due = min(of_each, int(elapsed * of_each) + 1)
            for track, tracker in zip(self._tracks, self._trackers, strict=True):
                for n in range(sent, due):
                    tracker.add(track.fix(n))
            self._sent += (due - sent) * len(self._trackers)
            sent = due
            self._tell()
            await asyncio.sleep(TICK_S)

    async def _drain(self) -> None:
        until = time.monotonic() + DRAIN_S
        while any(tracker.waiting for tracker in self._trackers) and time.monotonic() < until:
            self._tell()
            await asyncio.sleep(TICK_S)

    def _tell(self) -> None:
        now = time.monotonic()
        if self._on_progress is None or now - self._told < PROGRESS_S:
            return
        self._told = now
        self._on_progress(
            Progress(
                seconds=now - self._started,
                sent=self._sent,
                acked=sum(len(tracker.counted) for tracker in self._trackers),
                waiting=sum(tracker.waiting for tracker in self._trackers),
                online=sum(tracker.connects > 0 for tracker in self._trackers),
            )
        )

    def _report(self) -> Report:
        trackers = self._trackers
        cuts = sum(tracker.cuts for tracker in trackers)
        return Report(
            devices=len(trackers),
            seconds=time.monotonic() - self._started,
            sent=self._sent,
            acked=sum(len(tracker.counted) for tracker in trackers),
            waiting=sum(tracker.waiting for tracker in trackers),
            connects=sum(tracker.connects for tracker in trackers),
            stopped=self.stop.is_set(),
            faults={"cut": cuts} if self._scenario.faults else {},
        )

    async def _judge(self, known: dict[str, str], verdict: Verdict) -> None:
        gate = asyncio.Semaphore(READ_AT_ONCE)
        end = self._tracks[0].t(self._tracks[0].count)

        async def one(tracker: Tracker) -> None:
            async with gate:
                path = f"/v1/devices/{known[tracker.imei]}/readings"
                span = {"start": self._scenario.start_ms, "end": end}
                stored = [item async for item in self._api.items(path, **span)]
            compare(tracker, stored, verdict)

        await asyncio.gather(*map(one, self._trackers))


def compare(tracker: Tracker, stored: list[dict[str, Any]], verdict: Verdict) -> None:
    """Add one tracker: what was counted of it, and every reading stored of its time. What was
    sent and not counted may be stored or not.
    """
    found = Counter(item["t"] for item in stored)
    values = {item["t"]: item["v"] for item in stored}
    verdict.acked += len(tracker.counted)
    verdict.stored += len(stored)
    for fix in tracker.counted:
        wrong = ""
        if not found[fix.t]:
            wrong = "missing"
            verdict.missing += 1
        elif found[fix.t] > 1:
            wrong = "twice"
            verdict.duplicated += 1
        elif values[fix.t] != expected(fix):
            wrong = "differs"
            verdict.differing += 1
        if wrong and len(verdict.examples) < EXAMPLES:
            verdict.examples.append(f"{wrong}: {tracker.imei} t {fix.t}")


async def _ensure(api: Api, imei: str) -> str:
    """The public id of the tracker, which is registered if it is missing."""
    page = await api.get("/v1/devices", uid=imei)
    if page["items"]:
        found: dict[str, Any] = page["items"][0]
        if found["transport"] != "teltonika":
            raise DeviceRefused(f"the device {imei} is no tracker; choose another --prefix")
        return str(found["id"])
    try:
        made = await api.post("/v1/devices", {"uid": imei, "transport": "teltonika"})
    except Conflict as error:
        raise DeviceRefused(f"the tracker {imei} cannot be created: {error.detail}") from None
    return str(made["id"])


async def _soon(seconds: float) -> None:
    await asyncio.sleep(min(seconds, LONGEST_WAIT_S))

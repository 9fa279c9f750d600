"""A fleet of simulated devices, their faults, and the verdict at the end."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from apps.fleet.api import Api
from apps.fleet.client import RefusedError
from apps.fleet.errors import DeviceRefused
from apps.fleet.registry import Registry
from apps.fleet.scenario import Fault, Scenario
from apps.fleet.simulated import SimulatedDevice
from apps.fleet.verdict import Stored, Verdict

TICK_S = 0.02
PROGRESS_S = 0.25
DRAIN_S = 60.0
READ_AT_ONCE = 8
# Storms come after these parts of the run.
STORMS = (1 / 3, 2 / 3)


@dataclass(frozen=True)
class Progress:
    """How far a simulation is. `waiting`: messages without an acknowledgement."""

    seconds: float
    sent: int
    acked: int
    waiting: int
    online: int


@dataclass
class Report:
    """How a simulation ended. `faults`: how often each struck."""

    devices: int
    seconds: float
    sent: int
    acked: int
    waiting: int
    connects: int
    stopped: bool
    faults: dict[str, int] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def ok(self) -> bool:
        """Whether everything sent was acknowledged, and everything acknowledged is stored."""
        return self.verdict.ok and self.waiting == 0


class Simulation:
    """Runs `scenario` against the ingest at `host` and `port` and the API.

    Set `stop` to end early; what was sent is still drained and judged.
    """

    def __init__(
        self,
        scenario: Scenario,
        api: Api,
        registry: Registry,
        *,
        host: str,
        port: int,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.stop = asyncio.Event()
        self._scenario = scenario
        self._api = api
        self._registry = registry
        self._address = (host, port)
        self._on_progress = on_progress
        self._devices: list[SimulatedDevice] = []
        self._started = 0.0
        self._told = 0.0

    async def run(self) -> Report:
        """Create the devices, send, drain, and compare. Raises `DomainError` if that fails."""
        lives = [self._scenario.life(index) for index in range(self._scenario.devices)]
        known = await self._registry.ensure(life.uid for life in lives)
        devices = [SimulatedDevice(life, known[life.uid], self._address) for life in lives]
        return await self._run(devices)

    async def _run(self, devices: list[SimulatedDevice]) -> Report:
        self._devices = devices
        self._started = time.monotonic()
        try:
            for device in devices:
                device.client.start()
            await self._send()
            await self._drain()
            report = self._report()
        finally:
            await asyncio.gather(*(device.close() for device in devices))
        await judge(self._api, devices, report.verdict)
        return report

    async def _send(self) -> None:
        scenario = self._scenario
        storms = [part * scenario.seconds * 1000 for part in STORMS]
        storms = storms if Fault.storm in scenario.faults else []
        total = scenario.devices * scenario.count
        while not self.stop.is_set():
            elapsed = (time.monotonic() - self._started) * 1000
            if storms and elapsed >= storms[0]:
                storms.pop(0)
                for device in self._devices:
                    device.storm()
            for device in self._devices:
                device.advance(elapsed)
            self._check()
            self._tell()
            if sum(device.sent for device in self._devices) >= total:
                return
            await asyncio.sleep(TICK_S)

    async def _drain(self) -> None:
        draining = asyncio.gather(*(device.drain() for device in self._devices))
        try:
            async with asyncio.timeout(DRAIN_S):
                while not draining.done():
                    await asyncio.wait([draining], timeout=PROGRESS_S)
                    self._tell()
                await draining
        except TimeoutError:
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)
        except RefusedError as error:
            raise DeviceRefused(str(error)) from None

    def _check(self) -> None:
        for device in self._devices:
            if device.failed is not None:
                raise DeviceRefused(f"{device.life.uid}: {device.failed}")

    def _tell(self) -> None:
        now = time.monotonic()
        if self._on_progress is None or now - self._told < PROGRESS_S:
            return
        self._told = now
        devices = self._devices
        self._on_progress(
            Progress(
                seconds=now - self._started,
                sent=sum(device.sent for device in devices),
                acked=sum(device.acked for device in devices),
                waiting=sum(device.waiting for device in devices),
                online=sum(device.client.online for device in devices),
            )
        )

    def _report(self) -> Report:
        devices = self._devices
        faults: Counter[str] = Counter()
        for device in devices:
            faults.update(device.struck)
        return Report(
            devices=len(devices),
            seconds=time.monotonic() - self._started,
            sent=sum(device.sent for device in devices),
            acked=sum(device.acked for device in devices),
            waiting=sum(device.waiting for device in devices),
            connects=sum(device.connects for device in devices),
            stopped=self.stop.is_set(),
            faults=dict(sorted(faults.items())),
        )


async def judge(api: Api, devices: list[SimulatedDevice], verdict: Verdict) -> None:
    """Compare what each device had acknowledged with what the API returns of it."""
    gate = asyncio.Semaphore(READ_AT_ONCE)

    async def one(device: SimulatedDevice) -> None:
        async with gate:
            stored = [item async for item in _stored(api, device)]
        verdict.judge(device.life, device.boots, device.sent, stored)

    await asyncio.gather(*(one(device) for device in devices))


async def _stored(api: Api, device: SimulatedDevice) -> AsyncIterator[Stored]:
    times = [device.life.t(number) for number in range(device.sent)]
    if not times:
        return
    span = {"start": max(min(times), 0), "end": max(times) + 1}
    path = f"/v1/devices/{device.id}"
    async for item in api.items(f"{path}/readings", **span):
        yield Stored(item["boot"], item["s"], item["t"], "", item["v"])
    async for item in api.items(f"{path}/events", **span):
        yield Stored(item["boot"], item["s"], item["t"], item["e"], item["d"])

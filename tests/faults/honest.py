"""Honest devices on a rig: what they get while a crowd is there, and without it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.rig import Account, Rig
from tests.faults.size import Size
from tests.support.builders import Tenant, make_device
from tests.support.pulses import Pulse, Waits, taken

LOOK_S = 0.1
# How often one more comes in while the others are measured.
NEWCOMER_S = 0.25


class Honest:
    """Devices that send at their pace. `newcomers`: what connecting, hello and a first
    acknowledgement took of those that came meanwhile, ms; `most_rss_mib`: ingest's memory.
    """

    def __init__(self, tried: Rig, pulses: list[Pulse], spare: list[Pulse]) -> None:
        self.pulses = pulses
        self.newcomers: list[float] = []
        self.most_rss_mib = 0.0
        self.most: dict[str, float] = {}
        self._tried = tried
        self._spare = spare

    async def lasts(self, seconds: float, *, coming: str = "", watched: str = "") -> Waits:
        """What acknowledgements take from now on for so long.

        `coming`: new devices come in from there. `watched`: a metric whose highest is kept.
        """
        taken(self.pulses, none=True)
        end = time.monotonic() + seconds
        arriving = asyncio.create_task(self._arrive(coming, end))
        while time.monotonic() < end:
            self.most_rss_mib = max(self.most_rss_mib, self._tried.ingest.rss_mib)
            if watched:
                now = await self._tried.value(watched)
                self.most[watched] = max(self.most.get(watched, 0.0), now)
            await asyncio.sleep(LOOK_S)
        await arriving
        return taken(self.pulses)

    async def _arrive(self, address: str, end: float) -> None:
        while address and self._spare and time.monotonic() < end:
            await self._come_in(self._spare.pop(), address)
            await asyncio.sleep(NEWCOMER_S)

    async def _come_in(self, pulse: Pulse, address: str) -> None:
        self.pulses.append(pulse)
        began = time.perf_counter()
        await pulse.connect(self._tried.ingest.port, address)
        pulse.send()
        await pulse.settle()
        self.newcomers.append((time.perf_counter() - began) * 1000)


@asynccontextmanager
async def honest(
    tried: Rig, size: Size, addresses: list[str], *, tenant: Tenant | None = None
) -> AsyncIterator[Honest]:
    """One device an address, which send inside the block; at its end they stop, and all is counted.

    `tenant`: theirs, if not the rig's.
    """
    owner = tenant or tried.tenant
    spare = round(size.crowd_s / NEWCOMER_S)
    made = [
        Pulse(owner, await make_device(tried.database, owner), every_s=size.pace_s)
        for _ in range(len(addresses) + spare)
    ]
    pulses, waiting = made[: len(addresses)], made[len(addresses) :]
    some = Honest(tried, pulses, waiting)
    try:
        for number, (pulse, address) in enumerate(zip(pulses, addresses, strict=True)):
            await pulse.connect(tried.ingest.port, address)
            # Not all in the same moment.
            pulse.beat(after=size.pace_s * number / len(addresses))
        yield some
        for pulse in some.pulses:
            await pulse.settle()
            assert not pulse.refused, pulse.refused
    finally:
        for pulse in some.pulses:
            pulse.close()
    tried.accounts += [Account(owner, pulse.device, pulse.sent) for pulse in some.pulses]
    await tried.count()

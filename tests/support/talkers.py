"""Devices that send as long as they are let, and know what was acknowledged."""

import asyncio
import random
from collections import Counter

from sqlalchemy import case, distinct, func, select

from apps.fleet.client import Client
from apps.fleet.outbox import MemoryOutbox
from shared.db import Database
from shared.models import DeviceEvent, Reading
from tests.support.builders import MadeDevice

# The longest that a device's back-off lasts here: restarts should not take minutes.
WAIT_S = 0.2


class Talker:
    """A device that sends readings and now and then an event.

    `burst`: after so many messages it rests for `rest_s`; 0 is never.
    """

    def __init__(
        self,
        port: int,
        device: MadeDevice,
        rng: random.Random,
        *,
        burst: int = 0,
        rest_s: float = 0.01,
    ) -> None:
        self.device = device
        self.acked = 0
        self.sent: list[int] = []
        self._rng = rng
        self._burst = burst
        self._rest_s = rest_s
        self.client = Client(
            "127.0.0.1",
            port,
            device.uid,
            device.token,
            outbox=MemoryOutbox(limit=400),
            on_ack=self._on_ack,
            rng=rng,
            sleep=self._sleep,
        )

    def _on_ack(self, upto: int) -> None:
        self.acked = max(self.acked, upto)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, WAIT_S))

    async def talk(self, stop: asyncio.Event) -> None:
        """Send until `stop`, then wait until everything is acknowledged."""
        while not stop.is_set():
            await self.client.room()
            if self._rng.random() < 0.05:
                self.sent.append(self.client.send_event("moved", {"to": self._rng.random()}))
            else:
                self.sent.append(self.client.send_reading({"temp": self._rng.random()}))
            rests = self._burst and len(self.sent) % self._burst == 0
            await asyncio.sleep(self._rest_s if rests else 0)
        await self.client.drain()


async def stored_numbers(database: Database, device: MadeDevice) -> Counter[tuple[int, int]]:
    """How often each (boot, number) of the device is stored, as a reading or as an event."""
    counts: Counter[tuple[int, int]] = Counter()
    async with database.read() as session:
        for table in (Reading, DeviceEvent):
            wanted = select(table.boot, table.seq).where(table.device_id == device.id)
            counts.update((boot, seq) for boot, seq in await session.execute(wanted))
    return counts


async def count_numbers(database: Database, device: MadeDevice, sent: range) -> tuple[int, int]:
    """How many readings of the device's boot 1 are stored, and how many numbers of `sent`."""
    within = Reading.seq.between(sent.start, sent.stop - 1)
    wanted = select(func.count(), func.count(distinct(case((within, Reading.seq))))).where(
        Reading.device_id == device.id, Reading.boot == 1
    )
    async with database.read() as session:
        rows, numbers = (await session.execute(wanted)).one()
    return rows, numbers

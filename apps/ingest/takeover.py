"""A device that is on two processes at once: the newer hello wins, the older connection ends.

A hello writes which task its device is on. The bus tells the task before, which then looks; when
the bus says nothing, a commit of the device's messages shows it, or the look that comes now and
then. The database alone decides, so a message that comes late or twice ends nothing.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from shared.bus import Bus
from shared.db import Database
from shared.readings import presence
from shared.telemetry.clean import clean

if TYPE_CHECKING:
    from apps.ingest.connection import Connection
    from apps.ingest.sessions import Sessions

# A hello does not wait for the bus: what it has not taken by then, the commit or the look finds.
MOST_UNTOLD: Final = 100_000

log = logging.getLogger(__name__)


class Takeover:
    """For one task: tells others of devices that came here, hears of those that went."""

    def __init__(self, database: Database, bus: Bus, sessions: "Sessions", *, task: str) -> None:
        self._database = database
        self._bus = bus
        self._sessions = sessions
        self._task = task
        # Devices to be told of, by the task that they were on before.
        self._untold: dict[str, set[int]] = {}
        self._came = asyncio.Event()

    def came(self, device: int, before: str) -> None:
        """A device said hello here, and was on the task `before` (empty if on none)."""
        if not before or before == self._task:
            return
        if sum(map(len, self._untold.values())) < MOST_UNTOLD:
            self._untold.setdefault(before, set()).add(device)
            self._came.set()

    async def tell(self) -> None:
        """Tell the other tasks until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            untold, self._untold = self._untold, {}
            for task, devices in untold.items():
                await self._bus.publish(channel(task), json.dumps(sorted(devices)).encode())

    async def listen(self) -> None:
        """End what the other tasks took over, until cancelled."""
        subscription = await self._bus.subscribe(channel(self._task))
        try:
            async for message in subscription:
                devices = _devices(message.data)
                await self.look(c for c in map(self._sessions.of, devices) if c is not None)
        finally:
            await subscription.close()

    async def look(self, connections: Iterable["Connection"]) -> None:
        """End those of `connections` whose devices are on another task now."""
        chosen = {c.source.device_id: c for c in connections if c.source is not None}
        if not chosen:
            return
        try:
            gone = await presence.elsewhere(self._database, chosen, task=self._task)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next look finds them
            log.warning("devices on two tasks are not looked for yet: %s", clean(str(error)))
            return
        for device in gone:
            # It had said hello here before we looked, so the other hello was later.
            chosen[device].replace()


def channel(task: str) -> str:
    """Where a task hears of the devices that another one has."""
    return f"session:{task}"


def _devices(data: bytes) -> list[int]:
    try:
        found = json.loads(data)
    except ValueError:
        return []
    return [item for item in found if isinstance(item, int)] if isinstance(found, list) else []

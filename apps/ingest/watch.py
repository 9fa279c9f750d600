"""Keeping time: who is silent, who left, whose device changed."""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from apps.ingest.admission import Known
from apps.ingest.connection import Connection
from apps.ingest.entrance import spread
from apps.ingest.hub import Hub
from apps.ingest.protocol.errors import Ending
from apps.ingest.takeover import Takeover
from shared.bus import Bus, Subscription
from shared.db import Database
from shared.readings import presence
from shared.telemetry.clean import clean

SWEEP_S: Final = 1.0
ALIVE_S: Final = 60.0

log = logging.getLogger(__name__)


class Watch:
    """Looks after the connections of a process, until `stop` is set."""

    def __init__(
        self, hub: Hub, database: Database, bus: Bus, takeover: Takeover, *, task: str
    ) -> None:
        self._hub = hub
        self._database = database
        self._bus = bus
        self._takeover = takeover
        self._task = task
        self._changes: Subscription | None = None
        self.stop = asyncio.Event()

    async def _pause(self, seconds: float) -> bool:
        """Wait; false when it is time to end instead."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
        return not self.stop.is_set()

    async def sweep(self) -> None:
        """End who is silent; write who left and who is alive."""
        alive = time.monotonic()
        lost = 0
        while await self._pause(SWEEP_S):
            now = time.monotonic()
            for connection in list(self._hub.sessions.open):
                self._look_at(connection, now)
            await self.write_presence()
            if now - alive > ALIVE_S:
                alive = now
                await self._write_pinged()
            if lost != (lost := self._lost()):
                # What the bus said meanwhile nobody heard.
                self._hub.admission.forget_all()
                await self._look_again()

    def _look_at(self, connection: Connection, now: float) -> None:
        if connection.overdue:
            connection.abort()
        if connection.gone:
            return
        settings = self._hub.settings
        silent = now - connection.spoke
        if connection.greeted:
            if silent > settings.idle_s and not connection.busy:
                connection.end(Ending.idle)
        elif silent > settings.hello_s:
            if connection.judging:
                connection.end(Ending.busy, spread())
            else:
                connection.end(Ending.bad_hello)

    async def write_presence(self) -> None:
        """Write who left since the last time."""
        sessions = self._hub.sessions
        left = sessions.take_left()
        if not left:
            return
        now = self._hub.clock.now_ms()
        try:
            await presence.leave(self._database, left, task=self._task, now=now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
            log.warning("who left is not written yet: %s", clean(str(error)))
            sessions.give_back(left)

    async def _write_pinged(self) -> None:
        pinged = [c for c in self._hub.sessions.by_device() if c.pinged]
        for connection in pinged:
            connection.pinged = False
        devices = [c.source.device_id for c in pinged if c.source is not None]
        try:
            await presence.seen(self._database, devices, now=self._hub.clock.now_ms())
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
            log.warning("signs of life are not written yet: %s", clean(str(error)))

    # -- what changes about devices

    def _lost(self) -> int:
        """How often messages about devices may have been lost."""
        changes = self._changes
        return 0 if changes is None else changes.missed + changes.gaps

    async def listen(self) -> None:
        """Look again at an organisation's devices as soon as the bus says they changed."""
        self._changes = await self._bus.psubscribe("device:*")
        try:
            async for message in self._changes:
                org = message.channel.removeprefix("device:")
                self._hub.admission.forget(org)
                # Whoever is being judged by what was before is looked at too.
                await self._hub.admission.settled()
                sessions = self._hub.sessions
                await self._judge_again(
                    c for c in sessions.by_device() if c.source and c.source.org == org
                )
        finally:
            await self._changes.close()

    async def recheck(self) -> None:
        """Look again at everything connected, for when the bus said nothing."""
        while await self._pause(self._hub.settings.recheck_s):
            await self._look_again()

    async def _look_again(self) -> None:
        connections = self._hub.sessions.by_device()
        await self._judge_again(connections)
        await self._takeover.look(connections)

    async def _judge_again(self, connections: Iterable[Connection]) -> None:
        chosen = list(connections)
        try:
            known = await self._hub.admission.look_up({c.key for c in chosen}, fresh=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
            log.warning("devices are not looked up again yet: %s", clean(str(error)))
            return
        for connection in chosen:
            _apply(connection, known[connection.key])


def _apply(connection: Connection, known: Known | None) -> None:
    """Give a connection what its device is now, or end it."""
    if connection.gone:
        return
    if known is None or not known.admits(connection.peer):
        connection.end(Ending.unauthorized)
    elif known.disabled:
        connection.end(Ending.disabled)
    else:
        connection.source = known.source

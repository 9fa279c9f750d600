"""Telling of commits beside them: a bus in trouble holds up nobody's acknowledgement."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final

from apps.ingest import metrics
from shared.bus import Bus
from shared.readings.plan import Taken
from shared.readings.store import announce

# So many commits may wait to be told of. Who needs them all looks at the database.
COMMITS: Final = 20

log = logging.getLogger(__name__)


class Telling:
    """Tells whoever watches what was committed, in order; what comes too fast is left out."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._untold: deque[Sequence[Taken]] = deque()
        self._came = asyncio.Event()
        self._told = asyncio.Event()
        self._told.set()

    def put(self, taken: Sequence[Taken]) -> None:
        """Tell of a commit as soon as those before it are told of."""
        if len(self._untold) >= COMMITS:
            self._untold.popleft()
            metrics.UNTOLD.inc()
        self._untold.append(taken)
        self._told.clear()
        self._came.set()

    async def told(self) -> None:
        """Wait until everything that was put is told of, or left out."""
        await self._told.wait()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            while self._untold:
                await self._tell(self._untold.popleft())
            self._told.set()

    async def _tell(self, taken: Sequence[Taken]) -> None:
        try:
            await announce(self._bus, taken)
        except Exception:
            # It is committed and acknowledged: nothing of that depends on who watches.
            log.exception("a commit could not be told of")

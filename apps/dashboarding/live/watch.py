"""One reader of a hub: what waits for it, bounded."""

import asyncio
from collections import deque
from collections.abc import Set as AbstractSet

from apps.dashboarding.live import rules
from apps.dashboarding.live.rules import Changes, Frame
from shared.auth.principal import Principal


class Watch:
    """Events for one stream, in order, until it has `ended`; `devices`: only these, none: all.

    A reader that lets more wait than the bounds allow is ended, for the reason `slow`: it comes
    again and is told what changed meanwhile.
    """

    def __init__(
        self,
        principal: Principal,
        devices: AbstractSet[str] | None,
        *,
        most: int,
        most_bytes: int,
    ) -> None:
        self.principal = principal
        self.devices = devices
        # What a reader who is limited to groups of devices saw at the last look.
        self.seen: AbstractSet[str] | None = None
        self.ended: str | None = None
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        # The id of the event that was taken last.
        self.at = 0
        self._queue: deque[tuple[bytes, int]] = deque()
        self._arrived = asyncio.Event()

    def frame(self, frame: Frame, data: bytes, at: int) -> None:
        """What a batch committed; `data` is the whole of it, encoded."""
        if self.devices is not None:
            part = frame.of(self.devices)
            if part is None:
                return
            data = rules.encode(part)
        self._put(rules.sse("readings", data, at), at)

    def changes(self, changes: Changes, at: int) -> None:
        """What a look at the database found."""
        devices = changes.devices
        if self.devices is not None:
            devices = [state for state in devices if state.device in self.devices]
        if devices:
            self._put(rules.sse("changes", rules.encode(Changes(devices)), at), at)

    def end(self, reason: str) -> None:
        """Nothing more: the reader is told why."""
        self.ended = self.ended or reason
        self._queue.clear()
        self._arrived.set()

    async def get(self, wait_s: float) -> bytes | None:
        """The next event; none when it has ended or `wait_s` pass without one."""
        try:
            async with asyncio.timeout(wait_s):
                while not self._queue and self.ended is None:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return None
        if not self._queue:
            return None
        event, self.at = self._queue.popleft()
        self._bytes -= len(event)
        return event

    def _put(self, event: bytes, at: int) -> None:
        if self.ended is not None:
            return
        if len(self._queue) >= self._most or self._bytes + len(event) > self._most_bytes:
            self.end("slow")
            return
        self._queue.append((event, at))
        self._bytes += len(event)
        self._arrived.set()

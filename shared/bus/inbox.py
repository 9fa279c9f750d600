"""The reader's end of a subscription: a bounded queue."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from shared.bus.base import Message

QUEUE = 10_000


class Inbox:
    """Messages in the order they came; when `size` wait, the oldest makes room and is counted.

    Several may wait at once: each message goes to one of them. A wait that is cancelled takes
    nothing with it.
    """

    def __init__(self, size: int | None = None) -> None:
        self.missed = 0
        self.gaps = 0
        self._size = size or QUEUE
        self._queue: deque[Message] = deque()
        self._arrived = asyncio.Event()
        self._closed = False

    def put(self, message: Message) -> None:
        if self._closed:
            return
        if len(self._queue) >= self._size:
            self._queue.popleft()
            self.missed += 1
        self._queue.append(message)
        self._arrived.set()

    async def get(self, timeout: float | None = None) -> Message | None:  # noqa: ASYNC109 - the contract's
        """The next message; none when `timeout` seconds pass or nothing will come any more."""
        try:
            async with asyncio.timeout(timeout):
                while not self._queue and not self._closed:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return None
        return self._queue.popleft() if self._queue else None

    async def __aiter__(self) -> AsyncIterator[Message]:
        while (message := await self.get()) is not None:
            yield message

    def end(self) -> None:
        """Nothing comes any more; whoever waits gets what is left, then none."""
        self._closed = True
        self._arrived.set()

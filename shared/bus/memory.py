"""A bus inside one process, for a laptop and for tests."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from fnmatch import fnmatchcase

from shared.bus.base import Message, Subscription

QUEUE = 10_000


class MemorySubscription:
    """A bounded queue of messages; see `shared.bus.base.Subscription`."""

    def __init__(self, owner: "set[MemorySubscription]", names: tuple[str, ...], pattern: bool):
        self.missed = 0
        self.gaps = 0
        self._owner = owner
        self._names = names
        self._pattern = pattern
        self._queue: deque[Message] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        owner.add(self)

    def wants(self, channel: str) -> bool:
        if self._pattern:
            return any(fnmatchcase(channel, name) for name in self._names)
        return channel in self._names

    def put(self, message: Message) -> None:
        if len(self._queue) >= QUEUE:
            self._queue.popleft()
            self.missed += 1
        self._queue.append(message)
        self._arrived.set()

    async def get(self, timeout: float | None = None) -> Message | None:
        if not self._queue and not self._closed:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout)
            except TimeoutError:
                return None
        return self._queue.popleft() if self._queue else None

    async def __aiter__(self) -> AsyncIterator[Message]:
        while (message := await self.get()) is not None:
            yield message

    async def close(self) -> None:
        self._closed = True
        self._owner.discard(self)
        self._arrived.set()


class MemoryBus:
    def __init__(self) -> None:
        self._subscriptions: set[MemorySubscription] = set()

    async def publish(self, channel: str, data: bytes) -> bool:
        message = Message(channel, data)
        for subscription in self._subscriptions:
            if subscription.wants(channel):
                subscription.put(message)
        return True

    async def subscribe(self, *channels: str) -> Subscription:
        return MemorySubscription(self._subscriptions, channels, pattern=False)

    async def psubscribe(self, *patterns: str) -> Subscription:
        return MemorySubscription(self._subscriptions, patterns, pattern=True)

    async def ping(self) -> bool:
        return True

    async def close(self) -> None:
        for subscription in list(self._subscriptions):
            await subscription.close()

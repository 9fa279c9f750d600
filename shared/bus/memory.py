"""A bus inside one process, for a laptop and for tests."""

import re

from shared.bus.base import Message, Subscription
from shared.bus.inbox import Inbox


class MemorySubscription(Inbox):
    """See `shared.bus.base.Subscription`. It never has a gap."""

    def __init__(
        self, owner: "set[MemorySubscription]", names: tuple[str, ...], pattern: bool
    ) -> None:
        super().__init__()
        self._owner = owner
        self._names = names
        self._patterns = [_regex(name) for name in names] if pattern else None
        owner.add(self)

    def wants(self, channel: str) -> bool:
        if self._patterns is None:
            return channel in self._names
        return any(pattern.fullmatch(channel) for pattern in self._patterns)

    async def close(self) -> None:
        self._owner.discard(self)
        self.end()


class MemoryBus:
    def __init__(self) -> None:
        self._subscriptions: set[MemorySubscription] = set()
        self._closed = False

    async def publish(self, channel: str, data: bytes) -> bool:
        message = Message(channel, data)
        for subscription in self._subscriptions:
            if subscription.wants(channel):
                subscription.put(message)
        return not self._closed

    async def subscribe(self, *channels: str) -> Subscription:
        return self._new(channels, pattern=False)

    async def psubscribe(self, *patterns: str) -> Subscription:
        return self._new(patterns, pattern=True)

    def _new(self, names: tuple[str, ...], *, pattern: bool) -> Subscription:
        if self._closed:
            raise RuntimeError("the bus is closed")
        return MemorySubscription(self._subscriptions, names, pattern)

    async def ping(self) -> bool:
        return not self._closed

    async def close(self) -> None:
        self._closed = True
        for subscription in list(self._subscriptions):
            await subscription.close()


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)

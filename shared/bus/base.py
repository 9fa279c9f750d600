"""What every bus does: publish, subscribe, and the same by pattern."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    channel: str
    data: bytes


class Subscription(Protocol):
    """Messages of some channels, from the moment it was made until it is closed.

    Bounded: when its reader falls behind, the oldest messages are dropped and `missed` says how
    many; whoever needs them all looks at the database. While the bus is unreachable nothing
    comes; it reconnects by itself, and `gaps` counts the times that messages may have been lost:
    it rises when messages come again, so that who then looks at the database misses nothing.
    """

    missed: int
    gaps: int

    def __aiter__(self) -> AsyncIterator[Message]: ...

    async def get(self, timeout: float | None = None) -> Message | None:  # noqa: ASYNC109 - reads best
        """The next message; none when `timeout` seconds pass without one or it is closed.

        Closing ends a wait at once. A wait that is cancelled loses no message.
        """
        ...

    async def close(self) -> None:
        """Give the subscription back. May be called again, and by any task."""
        ...


class Bus(Protocol):
    """Channels are text: `live:{org}`, `device:{org}`, `job:{queue}`."""

    async def publish(self, channel: str, data: bytes) -> bool:
        """Send to whoever listens now. Never raises and takes a second at most.

        False where the bus is unreachable or closed; then the message is gone, and counted.
        """
        ...

    async def subscribe(self, *channels: str) -> Subscription:
        """Messages published from now on. An unreachable bus is no error: it is tried again."""
        ...

    async def psubscribe(self, *patterns: str) -> Subscription:
        """The same for every channel that matches a pattern, `*` standing for any text.

        No other character is special.
        """
        ...

    async def ping(self) -> bool:
        """Whether the bus answers now."""
        ...

    async def close(self) -> None:
        """End all subscriptions and connections. May be called again."""
        ...

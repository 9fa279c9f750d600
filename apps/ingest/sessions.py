"""Who is connected to this process, and what must be written about it."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from apps.ingest import metrics

if TYPE_CHECKING:
    # Connections register themselves here, so neither can come first at run time.
    from apps.ingest.connection import Connection


class Sessions:
    """The open connections, and of those the one that each device is on.

    `most_greeting` may be without a hello, and as many that were refused may be left to close: at
    more the oldest is dropped. `most_per_address` may come from one address (0: any number): more
    are dropped.
    """

    def __init__(self, *, most_greeting: int, most_per_address: int) -> None:
        self.open: set[Connection] = set()
        self._most_greeting = most_greeting
        self._most_per_address = most_per_address
        # In the order they came.
        self._greeting: dict[Connection, None] = {}
        self._refused: dict[Connection, None] = {}
        self._addresses: dict[str, int] = {}
        self._by_device: dict[int, Connection] = {}
        # Devices whose connection ended and that is not yet written.
        self._left: set[int] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def opened(self, connection: "Connection") -> None:
        self.open.add(connection)
        self._empty.clear()
        self._greeting[connection] = None
        metrics.GREETING.inc()
        if len(self._greeting) > self._most_greeting:
            oldest = next(iter(self._greeting))
            self.asked(oldest)
            oldest.drop("greeting")
        if self._most_per_address:
            address = connection.network
            self._addresses[address] = self._addresses.get(address, 0) + 1
            if self._addresses[address] > self._most_per_address:
                connection.drop("address")

    def asked(self, connection: "Connection") -> None:
        """A connection said hello, or is gone."""
        if connection in self._greeting:
            del self._greeting[connection]
            metrics.GREETING.dec()

    def refused(self, connection: "Connection") -> None:
        """A connection was told that it does not come in, and is to close."""
        self._refused[connection] = None
        if len(self._refused) > self._most_greeting:
            oldest = next(iter(self._refused))
            del self._refused[oldest]
            metrics.DROPPED.labels("refused").inc()
            oldest.abort()

    def greeted(self, connection: "Connection") -> bool:
        """A device's hello was accepted; its connection before, if any, is replaced.

        Returns whether there was one.
        """
        assert connection.source is not None
        device = connection.source.device_id
        before = self._by_device.get(device)
        self._by_device[device] = connection
        self._left.discard(device)
        if before is not None:
            before.replace()
        return before is not None

    def closed(self, connection: "Connection") -> None:
        self.open.discard(connection)
        self.asked(connection)
        self._refused.pop(connection, None)
        if self._most_per_address:
            self._left_address(connection.network)
        if not self.open:
            self._empty.set()
        if connection.source is None:
            return
        device = connection.source.device_id
        if self._by_device.get(device) is connection:
            del self._by_device[device]
            self.left(device)

    def _left_address(self, address: str) -> None:
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def left(self, device: int) -> None:
        """A device that was written to be here is gone."""
        self.give_back([device])

    def of(self, device: int) -> "Connection | None":
        """The connection that a device is on."""
        return self._by_device.get(device)

    def by_device(self) -> list["Connection"]:
        """The connections whose hello was accepted, one a device."""
        return list(self._by_device.values())

    async def all_closed(self) -> None:
        """Wait until no connection is open."""
        await self._empty.wait()

    def take_left(self) -> set[int]:
        """The devices that left since the last call."""
        left, self._left = self._left, set()
        return left

    def give_back(self, left: Iterable[int]) -> None:
        """It could not be written that these left: say so again, unless they came back."""
        self._left.update(device for device in left if device not in self._by_device)

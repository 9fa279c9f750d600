"""Who is connected to this process, and what must be written about it."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Connections register themselves here, so neither can come first at run time.
    from apps.ingest.connection import Connection


class Sessions:
    """The open connections, and of those the one that each device is on."""

    def __init__(self) -> None:
        self.open: set[Connection] = set()
        self._by_device: dict[int, Connection] = {}
        # Devices whose connection ended and that is not yet written.
        self._left: set[int] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def opened(self, connection: "Connection") -> None:
        self.open.add(connection)
        self._empty.clear()

    def greeted(self, connection: "Connection") -> None:
        """A device's hello was accepted; its connection before, if any, is replaced."""
        assert connection.source is not None
        device = connection.source.device_id
        before = self._by_device.get(device)
        self._by_device[device] = connection
        self._left.discard(device)
        if before is not None:
            before.replace()

    def closed(self, connection: "Connection") -> None:
        self.open.discard(connection)
        if not self.open:
            self._empty.set()
        if connection.source is None:
            return
        device = connection.source.device_id
        if self._by_device.get(device) is connection:
            del self._by_device[device]
            self.left(device)

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

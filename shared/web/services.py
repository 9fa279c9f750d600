"""What an app's routes work with, made once a process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from shared.bus import Bus, connect_bus
from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.settings import Settings


@dataclass
class Services:
    settings: Settings
    database: Database
    bus: Bus
    clock: Clock = field(default_factory=SystemClock)
    # Set while the process goes away: /readyz says so and long streams end.
    draining: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "Services":
        return cls(settings, Database.from_settings(settings), connect_bus(settings))

    async def close(self) -> None:
        await self.bus.close()
        await self.database.close()


AfterCommit = Callable[[], Awaitable[object]]

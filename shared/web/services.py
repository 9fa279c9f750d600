"""What an app's routes work with, made once a process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from shared.bus import Bus, connect_bus
from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.settings import Settings, load

S = TypeVar("S", bound=Settings)


@dataclass
class Services:
    settings: Settings
    database: Database
    bus: Bus
    clock: Clock = field(default_factory=SystemClock)
    # Set while the process goes away: /readyz says so and long streams end.
    draining: bool = False
    # Made by the app that uses them, which closes them when it ends.
    owned: bool = False
    # By kind: reading the environment takes milliseconds, which requests should not.
    _as: dict[type[Settings], Settings] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Services":
        return cls(settings, Database.from_settings(settings), connect_bus(settings))

    def settings_as(self, kind: type[S]) -> S:
        """The settings as an app's own kind: as they are, or with its additions from outside."""
        if isinstance(self.settings, kind):
            return self.settings
        if kind not in self._as:
            given = self.settings.model_dump(include=set(Settings.model_fields))
            self._as[kind] = load(kind, **given)
        found = self._as[kind]
        assert isinstance(found, kind)
        return found

    async def close(self) -> None:
        await self.bus.close()
        await self.database.close()


def provide(kind: type[S], settings: S | None, services: Services | None) -> Services:
    """The services of an app: those given (the giver closes them), or its own from settings.

    Nothing is connected to yet. Raises `ConfigurationError`.
    """
    if services is not None:
        return services
    made = Services.from_settings(settings or load(kind))
    made.owned = True
    return made


AfterCommit = Callable[[], Awaitable[object]]

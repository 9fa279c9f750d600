"""What everything in this process shares."""

from dataclasses import dataclass, field
from typing import TypeVar

from apps.local.settings import LocalSettings
from shared.bus import Bus
from shared.clock import Clock
from shared.db import Database
from shared.settings import Settings, load
from shared.web.services import Services

S = TypeVar("S", bound=Settings)


@dataclass
class Parts:
    """One database, which means one pool of connections; one bus; one clock."""

    settings: LocalSettings
    database: Database
    bus: Bus
    clock: Clock
    _given: list[Services] = field(default_factory=list)

    def settings_of(self, kind: type[S], **own: object) -> S:
        """An app's settings from the environment, where what this process decides goes before."""
        decided = {name: getattr(self.settings, name) for name in Settings.model_fields}
        return load(kind, **{**decided, **own})

    def services(self, kind: type[Settings], **own: object) -> Services:
        """Services of an app with settings of its `kind`; closing them is not the app's."""
        made = Services(self.settings_of(kind, **own), self.database, self.bus, self.clock)
        self._given.append(made)
        return made

    def drain(self) -> None:
        """Tell every app that this process goes away, so that long streams end."""
        for services in self._given:
            services.draining = True

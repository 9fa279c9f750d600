"""What goes through the write path together: messages of one device. Pure."""

from dataclasses import dataclass, field
from typing import Final

from shared.readings.check import ANYTHING, Profile
from shared.readings.parse import Event, Reading, Rejection

DAY_MS: Final = 86_400_000


@dataclass(slots=True)
class Source:
    """A device as the write path knows it. `oldest_ms` is how far back its readings may lie."""

    device_id: int
    device: str  # public id
    uid: str
    org_id: int
    org: str  # public id
    profile: Profile = ANYTHING
    retention_days: int | None = None

    def oldest(self, now: int) -> int:
        """The earliest device time that is taken, epoch ms."""
        return 0 if self.retention_days is None else now - self.retention_days * DAY_MS


@dataclass(slots=True)
class DeadRow:
    """A rejection on its way into `dead_letter`; `public_id` makes writing it again harmless."""

    public_id: str
    rejection: Rejection


@dataclass(slots=True)
class Parcel:
    """Messages of one device in the order they came.

    `top` is the highest number among them, 0 if none has one. `watermark`: numbers at or below
    the committed watermark were stored before (TCP, where numbers rise); otherwise each is
    looked for by its identity (HTTP). `size` counts bytes as received.
    """

    source: Source
    boot: int
    received: int
    watermark: bool = True
    readings: list[Reading] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    dead: list[DeadRow] = field(default_factory=list)
    # What the database refused while it was written; parts of a parcel share the list.
    refused: list[Rejection] = field(default_factory=list)
    top: int = 0
    size: int = 0

    @property
    def count(self) -> int:
        return len(self.readings) + len(self.events) + len(self.dead)

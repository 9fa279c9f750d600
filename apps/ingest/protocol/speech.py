"""What every protocol of devices has in common, as a connection sees it. Pure.

Bytes go in by `greet`, then by `receive`; what happened and what to answer comes out:

    greeting  who it is has to be said first              → waiting
    waiting   nothing is read until that is judged        → open, or the connection ends
    open      messages, pings                             → ended, by an error
    ended     nothing
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from apps.ingest.protocol.errors import Ending
from shared.readings.check import Profile
from shared.readings.parcel import Parcel
from shared.readings.parse import Event, Reading, Rejection


class State(Enum):
    greeting = auto()
    waiting = auto()
    open = auto()
    ended = auto()


class Caller(Protocol):
    """Who a device says it is. `key`: what that is proved or at least looked up by."""

    @property
    def device(self) -> str: ...
    @property
    def boot(self) -> int: ...
    @property
    def fw(self) -> str: ...
    @property
    def key(self) -> bytes: ...


@dataclass(slots=True)
class Block:
    """The messages of one read, in order; `top` is the highest number, 0 if none has one.

    `pings`: signs of life, by number. `reply`: what is answered at once, before any commit.
    """

    readings: list[Reading] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    pings: list[int] = field(default_factory=list)
    top: int = 0
    size: int = 0
    reply: bytes = b""

    @property
    def count(self) -> int:
        return len(self.readings) + len(self.events) + len(self.rejections)


@dataclass(slots=True, frozen=True)
class End:
    """The device broke the protocol: tell it `why`, then close."""

    why: Ending


class Speech(Protocol):
    """One connection's side of a protocol."""

    state: State

    @property
    def watermark(self) -> bool:
        """Whether messages are known by numbers that rise, or else by their content."""
        ...

    @property
    def held(self) -> int:
        """Bytes that are not yet a message, or wait until the device is let in."""
        ...

    def greet(self, data: bytes) -> Caller | End | None:
        """Bytes of one that is not let in yet: who it is, what ends it, or nothing yet."""
        ...

    def welcome(self, *, now: int, last: int, window: int, idle_s: int) -> bytes:
        """It is let in: what to tell it. `last`: the highest number of its boot committed."""
        ...

    def receive(
        self, data: bytes, fits: Profile, now: int, oldest: int
    ) -> tuple[Block, End | None]:
        """The messages in what was held and `data`, and what ends the connection, if anything.

        `now`, `oldest`: as for `shared.readings.parse`. What came before the end still counts.
        """
        ...

    def acknowledge(self, parcels: Sequence[Parcel]) -> bytes:
        """What to answer now that `parcels`, one for each block that had messages, are committed.

        They come in the order of their blocks.
        """
        ...

    def ending(self, why: Ending, retry_ms: int | None = None) -> bytes:
        """The last that is said. `retry_ms`: when to come back."""
        ...

    def bye(self, retry_ms: int) -> bytes:
        """The process goes away: come back in `retry_ms`."""
        ...

"""What each simulated device says and suffers: functions of the seed. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from apps.fleet.kinds import KINDS, chance, say

# Numbers that `chance` gets beside a message's own, so that each question has its own answer.
_FAULT = 1 << 40
_SKEW = 1 << 41
_BOOT = 1 << 42
# A device suffers each of its faults once, and again for so many messages more.
FAULT_EVERY = 2_000
LARGEST_BACK_MS = 86_400_000
# The server takes a time that is up to ten minutes ahead; a minute is left for the network.
LARGEST_AHEAD_MS = 540_000
# Two readings of a device whose clock is wrong claim to be this far ahead: both are rejected.
FAR_AHEAD_MS = 7_200_000


class Fault(StrEnum):
    half_open = "half-open"
    duplicates = "duplicates"
    reorder = "reorder"
    clock_skew = "clock-skew"
    slow = "slow"
    garbage = "garbage"
    storm = "storm"


# Those that strike a device at one of its messages.
MOMENTS = (Fault.half_open, Fault.duplicates, Fault.reorder, Fault.garbage)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`devices` send `rate` messages a second between them, for `seconds`, from `start_ms` on."""

    devices: int
    rate: float
    seconds: float
    start_ms: int
    seed: int = 0
    faults: frozenset[Fault] = frozenset()
    prefix: str = "sim"

    @cached_property
    def interval_ms(self) -> float:
        """Between two messages of a device."""
        return 1000 * self.devices / self.rate

    @cached_property
    def count(self) -> int:
        """Messages of each device."""
        return max(int(self.seconds * self.rate / self.devices), 1)

    def life(self, index: int) -> "Life":
        """What happens to one device."""
        return Life(self, index)


@dataclass(frozen=True)
class Life:
    """What one device says and suffers. `number` counts its messages from 0."""

    scenario: Scenario
    index: int
    strikes: dict[int, list[Fault]] = field(init=False)
    far: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "strikes", self._strikes())
        count = self.scenario.count
        picked = {self._chance(_SKEW + 1 + n) % count for n in range(2)} if self.skewed else set()
        object.__setattr__(self, "far", frozenset(picked))

    @property
    def uid(self) -> str:
        return f"{self.scenario.prefix}-{self.kind}-{self.index}"

    @cached_property
    def kind(self) -> str:
        return KINDS[self.index % len(KINDS)]

    @property
    def skewed(self) -> bool:
        """Whether the device's clock is wrong: every second one's."""
        return Fault.clock_skew in self.scenario.faults and self.index % 2 == 0

    @property
    def slow(self) -> bool:
        """Whether the device dribbles its bytes: every fourth one does."""
        return Fault.slow in self.scenario.faults and self.index % 4 == 1

    @cached_property
    def skew_ms(self) -> int:
        """How far its clock is off."""
        span = LARGEST_BACK_MS + LARGEST_AHEAD_MS
        return self._chance(_SKEW) % span - LARGEST_BACK_MS if self.skewed else 0

    def due_ms(self, number: int) -> float:
        """When a message is sent, after the start. Devices take turns within an interval."""
        scenario = self.scenario
        return (number + self.index / scenario.devices) * scenario.interval_ms

    def t(self, number: int) -> int:
        """The device time that a message carries."""
        at = self.scenario.start_ms + int(self.due_ms(number))
        return at + (FAR_AHEAD_MS if number in self.far else self.skew_ms)

    def message(self, number: int) -> tuple[str, dict[str, Any]]:
        """The event's name, or "" for a reading; its body."""
        return say(self.kind, self.scenario.seed, self.index, number)

    def boot(self, generation: int) -> int:
        """The boot number after so many restarts; another one in every run."""
        bits = chance(self.scenario.start_ms, self.index, _BOOT + self.scenario.seed)
        return (bits + generation) % (2**32 - 1) + 1

    def _strikes(self) -> dict[int, list[Fault]]:
        count = self.scenario.count
        found: dict[int, list[Fault]] = {}
        for place, fault in enumerate(MOMENTS):
            if fault not in self.scenario.faults:
                continue
            for time in range(1 + count // FAULT_EVERY):
                number = self._chance(_FAULT + place * 1000 + time) % count
                found.setdefault(number, []).append(fault)
        return found

    def _chance(self, what: int) -> int:
        return chance(self.scenario.seed, self.index, what)

"""The states that were committed here last: most are still what the database holds."""

from collections.abc import Iterable
from typing import Final

from shared.readings.plan import State

# Latest values remembered, of about 200 bytes each.
MOST_VALUES: Final = 400_000


class Known:
    """States by device id. Whoever takes one out may change it, and keeps it again once that is
    committed.
    """

    def __init__(self) -> None:
        self._states: dict[int, State] = {}
        self._values = 0

    def take(self, devices: Iterable[int]) -> dict[int, State]:
        """The states of those of `devices` that are known; they are forgotten."""
        taken = {}
        for device in devices:
            state = self._states.pop(device, None)
            if state is not None:
                self._values -= len(state.latest)
                taken[device] = state
        return taken

    def keep(self, states: Iterable[tuple[int, State]]) -> None:
        """These are committed."""
        if self._values > MOST_VALUES:
            self._states.clear()
            self._values = 0
        for device, state in states:
            self._states[device] = state
            self._values += len(state.latest)

"""Which writer empties which lanes of the queue.

Where there is little to do, one writer takes all of it: each batch costs the same round trips,
however small it is, and two small ones beside each other are slower than one. Where there is more,
each writer has its own lane, and the database works on one batch while the other is prepared.
"""

from collections.abc import Sequence
from typing import Final

# So many messages are still one batch. At a commit of 5 to 10 ms it is 20,000 to 40,000 a second.
TOGETHER: Final = 200


class Shifts:
    """Who is at work. A lane is emptied by one writer at a time, so that order in it stays."""

    def __init__(self, writers: int) -> None:
        self._every = range(writers)
        self._at_work: dict[int, Sequence[int]] = {}

    def begin(self, writer: int, waiting: Sequence[int]) -> Sequence[int]:
        """The lanes that `writer` is to empty now, until `end`; none: not before something changes.

        `waiting`: messages in each lane.
        """
        lanes = self._due(writer, waiting)
        if lanes:
            self._at_work[writer] = lanes
        return lanes

    def end(self, writer: int) -> None:
        """What it took is committed."""
        del self._at_work[writer]

    def changes(self, waiting: int) -> bool:
        """Whether one more message, of now `waiting` ones, lets somebody begin."""
        return not self._at_work or waiting > TOGETHER

    def _due(self, writer: int, waiting: Sequence[int]) -> Sequence[int]:
        total = sum(waiting)
        if total <= TOGETHER:
            return self._every if total and not self._at_work else ()
        taken = any(writer in lanes for lanes in self._at_work.values())
        return (writer,) if waiting[writer] and not taken else ()

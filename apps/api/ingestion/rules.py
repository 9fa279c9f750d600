"""Cutting a body into messages. Pure."""

from collections.abc import Iterator
from typing import Final

LONGEST_LINE: Final = 65_536


class Lines:
    """Lines out of blocks of bytes that are cut anywhere. Holds less than one longest line."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._rest = b""
        self._too_long = False

    def feed(self, block: bytes) -> Iterator[bytes | None]:
        """The lines that end in `block`, without their ends; None for one that is too long."""
        *ended, rest = (self._rest + block).split(b"\n")
        for line in ended:
            yield self._line(line)
        self._rest = rest
        if len(rest) > self._longest:
            self._rest, self._too_long = b"", True

    def end(self) -> Iterator[bytes | None]:
        """The last line, if the body does not end with a line's end."""
        if self._rest or self._too_long:
            yield self._line(self._rest)
            self._rest = b""

    def _line(self, line: bytes) -> bytes | None:
        too_long, self._too_long = self._too_long or len(line) > self._longest, False
        return None if too_long else line.removesuffix(b"\r")

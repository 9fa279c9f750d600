"""The number of a modem (IMEI, 3GPP TS 23.003), by which trackers say who they are. Pure."""

from dataclasses import dataclass
from typing import Final

# With its check digit. As a key it cannot be taken for the digest of a token, of 32 bytes.
DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Imei:
    """A tracker that says its number. Its messages have no numbers of their own, so no boot."""

    device: str
    boot: int = 0
    fw: str = ""

    @property
    def key(self) -> bytes:
        """The number: no secret, and all that there is."""
        return self.device.encode()


def read_imei(text: bytes) -> Imei | None:
    """The number in `text`; none if it is anything else."""
    if len(text) != DIGITS or not text.isdigit():
        return None
    return Imei(text.decode())

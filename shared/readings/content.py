"""Numbers for messages that have none of their own, from their content. Pure."""

import hashlib
from typing import Final

# Above all that devices count to, and up to 2^53: the same message sent again has the same number.
UNNUMBERED: Final = 2**52
# What such messages count in.
BOOT: Final = 0


def content_number(content: bytes) -> int:
    """The number of a message that is known by `content`."""
    hashed = hashlib.sha256(content).digest()
    return UNNUMBERED + int.from_bytes(hashed[:8]) % (UNNUMBERED - 1)

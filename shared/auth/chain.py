"""The chain of an organisation's audit: what is hashed, and how. Pure.

    hash(n) = SHA-256(hash(n - 1) + canonical(entry n)), hash(0) = 32 zero bytes

An entry says its organisation and its number, so none can take another's place. What is personal is
in it as a digest only: SHA-256(salt + canonical(value)). Whoever has salt and value can show that
they belong there; once both are erased, the chain holds as before (docs/adr/0026, 0027).
"""

import hashlib
import json
from typing import Any, Final

FORMAT: Final = "fortress-audit-1"
GENESIS: Final = bytes(32)
"""The hash before the first entry."""


def canonical(value: Any) -> bytes:
    """JSON in one spelling: keys sorted, no spaces, ASCII. Raises `ValueError` for what JSON has
    no word for.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode("ascii")


def personal_digest(salt: bytes, value: Any) -> str:
    """What an entry has in place of a personal value."""
    return hashlib.sha256(salt + canonical(value)).hexdigest()


def entry_hash(before: bytes, entry: dict[str, Any]) -> bytes:
    """The hash of `entry`, which follows the one whose hash is `before`."""
    return hashlib.sha256(before + canonical(entry)).digest()


def head_text(organisation: str, *, first: int, base: str, last: int, head: str) -> bytes:
    """What is signed of a chain: where what is kept of it begins (`base` is the hash before entry
    `first`) and ends; hashes in hex.
    """
    ends = {"first": first, "base": base, "last": last, "head": head}
    return canonical({"format": FORMAT, "organisation": organisation, **ends})

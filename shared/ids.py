"""Public ids and secrets.

A public id is a prefix and a UUIDv7 (RFC 9562) in Crockford's base32, 26 characters, so that
ids sort by the time they were made: `dev_01J…`. Only public ids leave the process.
"""

import hashlib
import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid7_int(now_ms: int | None = None) -> int:
    """A UUIDv7 as a 128-bit integer: 48 bits of epoch milliseconds, then random bits."""
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    rand = secrets.randbits(74)
    return ms << 80 | 0x7 << 76 | (rand >> 62) << 64 | 0b10 << 62 | rand & (1 << 62) - 1


def base32(value: int, length: int = 26) -> str:
    """An unsigned integer in Crockford's base32, most significant digit first."""
    digits = [""] * length
    for place in range(length - 1, -1, -1):
        digits[place] = _ALPHABET[value & 31]
        value >>= 5
    return "".join(digits)


def new_id(prefix: str) -> str:
    """A new public id, `prefix_` and 26 characters."""
    return f"{prefix}_{base32(uuid7_int())}"


def content_id(prefix: str, *parts: bytes) -> str:
    """A public id of what `parts` say together: the same for the same. It has no time in it."""
    hashed = hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).digest()
    return f"{prefix}_{base32(int.from_bytes(hashed[:16]))}"


def new_secret() -> str:
    """256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a secret of 256 random bits: its SHA-256, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()

"""RSA encryption of a password for MySQL's sign-in without TLS (RFC 8017, section 7.1.1; pure).

`caching_sha2_password` and `sha256_password` send the password under the server's public key when
there is no TLS. The driver takes that from a package of 13 MB, half of what ingest's image may add
to its base, for one public operation in which nothing but the message is secret.
"""

import binascii
import hashlib
import secrets
from collections.abc import Callable
from typing import Final

SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
BITS: Final = 0x03
# The object identifier of RSA keys, 1.2.840.113549.1.1.1, with its parameters (none).
RSA: Final = bytes.fromhex("06092a864886f70d0101010500")
HASH_BYTES: Final = hashlib.sha1(usedforsecurity=False).digest_size
# A server's key is not trusted to be reasonable. What goes under a short one is read by whoever
# factors it (NIST SP 800-131A asks for 2,048 bits, which MySQL's own have); a large one would stop
# the loop for seconds.
LEAST_BITS: Final = 2_048
MOST_BITS: Final = 8_192
EXPONENT: Final = range(3, 2**32)
SALT_BYTES: Final = 20


class KeyRefused(ValueError):
    """The server's public key is no RSA key, or no reasonable one."""


def sign_in_secret(password: bytes, salt: bytes, key: bytes) -> bytes:
    """What a server with the public `key` (PEM) is told that asked with `salt`.

    The salt goes into it, so that it is of no use to sign in a second time. Raises `KeyRefused`.
    """
    salt = salt[:SALT_BYTES]
    ended = password + b"\0"
    mixed = bytes(byte ^ salt[place % len(salt)] for place, byte in enumerate(ended))
    return encrypt(mixed, *public_key(key))


def encrypt(
    message: bytes,
    modulus: int,
    exponent: int,
    *,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> bytes:
    """RSAES-OAEP with SHA-1, MGF1 with SHA-1 and an empty label. Raises `KeyRefused` where the
    message is too long for the key.
    """
    size = (modulus.bit_length() + 7) // 8
    room = size - 2 * HASH_BYTES - 2
    if len(message) > room:
        raise KeyRefused(f"the server's key is too short for a password of {len(message)} bytes")
    block = _sha1(b"") + bytes(room - len(message)) + b"\1" + message
    seed = random(HASH_BYTES)
    hidden = _xor(block, _mask(seed, len(block)))
    hidden_seed = _xor(seed, _mask(hidden, HASH_BYTES))
    number = int.from_bytes(b"\0" + hidden_seed + hidden, "big")
    return pow(number, exponent, modulus).to_bytes(size, "big")


def public_key(pem: bytes) -> tuple[int, int]:
    """Modulus and exponent of a SubjectPublicKeyInfo in PEM form. Raises `KeyRefused`."""
    begin, end = b"-----BEGIN PUBLIC KEY-----", b"-----END PUBLIC KEY-----"
    text = pem.partition(begin)[2].partition(end)[0]
    try:
        info = _expect(SEQUENCE, binascii.a2b_base64(text))[0]
        algorithm, rest = _expect(SEQUENCE, info)
        bits, _ = _expect(BITS, rest)
        numbers, _ = _expect(SEQUENCE, bits[1:])
        modulus, rest = _expect(INTEGER, numbers)
        exponent, _ = _expect(INTEGER, rest)
    except (binascii.Error, IndexError):
        raise KeyRefused("the server's public key is malformed") from None
    found = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
    if algorithm != RSA or found[1] not in EXPONENT:
        raise KeyRefused("the server's public key is no RSA key with a usual exponent")
    _check_size(found[0].bit_length())
    return found


def _check_size(bits: int) -> None:
    if bits < LEAST_BITS:
        raise KeyRefused(
            f"the server's public key has {bits} bits, {LEAST_BITS} at least: give the server a "
            "longer one, or use TLS (FORTRESS_DATABASE_CA)"
        )
    if bits > MOST_BITS:
        raise KeyRefused(f"the server's public key has {bits} bits, {MOST_BITS} at most")


def _expect(tag: int, data: bytes) -> tuple[bytes, bytes]:
    """The content of the DER element that `data` begins with, and what follows it."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if data[0] != tag or len(data) < start + length:
        raise KeyRefused("the server's public key is malformed")
    return data[start : start + length], data[start + length :]


def _mask(seed: bytes, length: int) -> bytes:
    """MGF1 (RFC 8017, appendix B.2.1)."""
    rounds = -(-length // HASH_BYTES)
    return b"".join(_sha1(seed + n.to_bytes(4, "big")) for n in range(rounds))[:length]


def _sha1(data: bytes) -> bytes:
    # MySQL says SHA-1. Nothing rests on collisions of it here.
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))

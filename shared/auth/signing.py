"""Signatures under the audit's chains: Ed25519 (RFC 8032); who checks them needs no secret."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Signer:
    """A key drawn from the service's secret for the audit alone. `public` is in hex."""

    def __init__(self, secret: str) -> None:
        drawn = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"fortress audit")
        self._key = Ed25519PrivateKey.from_private_bytes(drawn.derive(secret.encode()))
        self.public = self._key.public_key().public_bytes_raw().hex()

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(text)


def is_key(public: str) -> bool:
    """Whether this is a public key: 64 hex digits."""
    try:
        return len(bytes.fromhex(public)) == 32 and len(public) == 64
    except ValueError:
        return False


def signed_by(public: str, signature: bytes, text: bytes) -> bool:
    """Whether the owner of the key `public` signed `text`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True

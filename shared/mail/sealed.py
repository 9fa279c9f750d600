"""Letters at rest: rows of jobs are kept for a while, and letters have links that sign in."""

import base64
import json
import secrets
import zlib
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Unreadable(ValueError):
    """It was sealed with another secret, or changed."""


class Seal:
    """AES-256-GCM with a key that is drawn from the service's secret for mail alone."""

    def __init__(self, secret: str) -> None:
        drawn = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"fortress mail")
        self._cipher = AESGCM(drawn.derive(secret.encode()))

    def close(self, values: dict[str, Any], *, label: str) -> str:
        """The values as text that nobody else can read, or use under another `label`."""
        nonce = secrets.token_bytes(_NONCE)
        data = zlib.compress(json.dumps(values).encode())
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, data, label.encode())).decode()

    def open(self, sealed: str, *, label: str) -> dict[str, Any]:
        """The values. Raises `Unreadable`."""
        raw = base64.b64decode(sealed)
        try:
            data = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], label.encode())
        except InvalidTag:
            raise Unreadable("the letter was sealed with another FORTRESS_SECRET") from None
        values: dict[str, Any] = json.loads(zlib.decompress(data))
        return values

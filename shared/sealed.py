"""Values at rest that nobody reads who has the database, its logs or its backups alone."""

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
    """AES-256-GCM with a key that is drawn from the service's secret for one `purpose` alone."""

    def __init__(self, secret: str, purpose: str) -> None:
        info = f"fortress {purpose}".encode()
        drawn = HKDF(algorithm=SHA256(), length=32, salt=None, info=info)
        self._purpose = purpose
        self._cipher = AESGCM(drawn.derive(secret.encode()))

    def close(self, values: dict[str, Any], *, label: str) -> str:
        """The values as text that nobody else can read, or use under another `label`."""
        nonce = secrets.token_bytes(_NONCE)
        data = zlib.compress(json.dumps(values).encode())
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, data, label.encode())).decode()

    def open(self, sealed: str, *, label: str) -> dict[str, Any]:
        """The values. Raises `Unreadable`."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            data = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], label.encode())
        # What base64 cannot be, and a nonce that is too short, is a ValueError.
        except (InvalidTag, ValueError):
            raise Unreadable(
                f"the {self._purpose} was sealed with another FORTRESS_SECRET"
            ) from None
        values: dict[str, Any] = json.loads(zlib.decompress(data))
        return values

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

from shared.settings import SealingSettings

_NONCE = 12
_ID = 4


class Unreadable(ValueError):
    """It was sealed with another secret, or changed."""


class Seal:
    """AES-256-GCM with a key that is drawn from the service's secret for one `purpose` alone.

    A value is `key id.base64`, where the id (8 hex digits) is drawn from the secret and the purpose
    too; values from before there were ids are base64 alone. `before`: the secret that was in force
    before, which opens and never closes.
    """

    def __init__(self, secret: str, purpose: str, before: str | None = None) -> None:
        self._purpose = purpose
        self._key = _Key(secret, purpose)
        self._keys = [self._key] + ([_Key(before, purpose)] if before else [])

    @classmethod
    def of(cls, settings: SealingSettings, purpose: str) -> "Seal":
        """With the secrets of an app that seals."""
        before = settings.secret_before
        given = None if before is None else before.get_secret_value()
        return cls(settings.secret.get_secret_value(), purpose, given)

    @property
    def mark(self) -> str:
        """What values begin with that are sealed with the present key."""
        return f"{self._key.id}."

    def is_current(self, sealed: str) -> bool:
        """Whether a value says that it is sealed with the present key."""
        return sealed.startswith(self.mark)

    def close(self, values: dict[str, Any], *, label: str) -> str:
        """The values as text that nobody else can read, or use under another `label`."""
        data = zlib.compress(json.dumps(values).encode())
        raw = self._key.close(data, f"{self.mark}{label}")
        return self.mark + base64.b64encode(raw).decode()

    def open(self, sealed: str, *, label: str) -> dict[str, Any]:
        """The values. Raises `Unreadable`."""
        id_, dot, text = sealed.rpartition(".")
        for key in self._keys:
            if dot and key.id != id_:
                continue
            try:
                data = key.open(base64.b64decode(text, validate=True), f"{id_}{dot}{label}")
            # What base64 cannot be, and a nonce that is too short, is a ValueError.
            except (InvalidTag, ValueError):
                continue
            values: dict[str, Any] = json.loads(zlib.decompress(data))
            return values
        raise Unreadable(f"the {self._purpose} was sealed with another FORTRESS_SECRET")


class _Key:
    """What one secret gives for one purpose. `id` tells keys apart and says nothing of them."""

    def __init__(self, secret: str, purpose: str) -> None:
        self.id = _drawn(secret, f"fortress key id of {purpose}", _ID).hex()
        self._cipher = AESGCM(_drawn(secret, f"fortress {purpose}", 32))

    def close(self, data: bytes, bound: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, bound.encode())

    def open(self, raw: bytes, bound: str) -> bytes:
        """Raises `InvalidTag`, `ValueError`."""
        return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], bound.encode())


def _drawn(secret: str, info: str, length: int) -> bytes:
    drawn = HKDF(algorithm=SHA256(), length=length, salt=None, info=info.encode())
    return drawn.derive(secret.encode())

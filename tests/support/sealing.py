"""Values as they were sealed before they said with which key."""

import base64
import json
import secrets
import zlib
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def old_form(secret: str, purpose: str, values: dict[str, Any], *, label: str) -> str:
    info = f"fortress {purpose}".encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())
    nonce, data = secrets.token_bytes(12), zlib.compress(json.dumps(values).encode())
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, data, label.encode())).decode()

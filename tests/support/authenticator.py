"""An authenticator without hardware: makes passkeys and signs with them, also wrongly if told to.

Its formats are those of WebAuthn level 2: authenticator data (6.1), attestation object (6.5.4),
client data (5.8.1); its keys COSE (RFC 9052) with ES256.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, CREDENTIAL = 0x01, 0x04, 0x40
ORIGIN = "http://administration.fortress.localhost"


def text(data: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def data(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Credential:
    id: bytes
    key: EllipticCurvePrivateKey
    handle: bytes


@dataclass
class Authenticator:
    """One device. `counts`: whether it counts its uses. What is set here goes into all it says."""

    origin: str = ORIGIN
    rp_id: str | None = None
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    count: int = 0
    client: dict[str, Any] = field(default_factory=dict)
    new_id: bytes | None = None
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What the page's script sends for a passkey that is made now."""
        key = generate_private_key(SECP256R1())
        made = Credential(self.new_id or secrets.token_bytes(32), key, data(options["user"]["id"]))
        self.credentials.append(made)
        attested = bytes(16) + len(made.id).to_bytes(2, "big") + made.id + _cose(key)
        said = self._authenticator_data(options["rp"]["id"], CREDENTIAL) + attested
        attestation = {"fmt": "none", "attStmt": {}, "authData": said}
        return {
            "raw_id": text(made.id),
            "client_data": text(self._client_data("webauthn.create", options)),
            "attestation": text(cbor2.dumps(attestation)),
            "transports": ["internal"],
            "name": "",
        }

    def get(
        self, options: dict[str, Any], tampered: Callable[[bytes], bytes] = bytes
    ) -> dict[str, Any]:
        """What the script sends for the newest passkey. `tampered` changes what was signed."""
        used = self.credentials[-1]
        said = self._authenticator_data(options["rpId"], 0)
        client_data = self._client_data("webauthn.get", options)
        signed = said + hashlib.sha256(client_data).digest()
        return {
            "raw_id": text(used.id),
            "client_data": text(client_data),
            "authenticator_data": text(tampered(said)),
            "signature": text(used.key.sign(signed, ECDSA(SHA256()))),
            "user_handle": text(used.handle),
        }

    def _authenticator_data(self, rp_id: str, more: int) -> bytes:
        self.count += self.counts
        hashed = hashlib.sha256((self.rp_id or rp_id).encode()).digest()
        return hashed + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said | {"crossOrigin": False} | self.client).encode()


def _cose(key: EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    x, y = (each.to_bytes(32, "big") for each in (numbers.x, numbers.y))
    return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

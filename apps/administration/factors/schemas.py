"""What the script in the page sends: an authenticator's answers, bytes as base64url."""

import base64
import binascii
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.models.factors import LONGEST_CREDENTIAL_ID
from shared.web.schemas import Model

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
# Far more than any authenticator says; what is parsed has a bound.
_LONGEST = 16_384
_LONGEST_RETURN = 2_000


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > _LONGEST or not _BASE64URL.fullmatch(value):
        message = "not base64url"
        raise ValueError(message)
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        raise ValueError("not base64url") from None


Bytes = Annotated[bytes, BeforeValidator(_bytes)]
CredentialId = Annotated[Bytes, Field(min_length=1, max_length=LONGEST_CREDENTIAL_ID)]
# How its authenticator is reached; browsers take names that they do not know too.
Transport = Annotated[str, Field(pattern=r"^[a-z-]{1,32}$")]


class _Answer(Model):
    raw_id: CredentialId
    client_data: Bytes

    @property
    def id(self) -> str:
        """The credential's id as WebAuthn writes it."""
        return base64.urlsafe_b64encode(self.raw_id).decode().rstrip("=")


class Registration(_Answer):
    """What `navigator.credentials.create` gave."""

    attestation: Bytes
    transports: list[Transport] = Field(default_factory=list, max_length=10)
    name: str = Field("", max_length=1_000)


class Assertion(_Answer):
    """What `navigator.credentials.get` gave; `then`: where to go afterwards."""

    authenticator_data: Bytes
    signature: Bytes
    user_handle: Bytes = b""
    then: str | None = Field(None, max_length=_LONGEST_RETURN)


class Next(Model):
    """Where the browser goes now: a path of administration."""

    to: str

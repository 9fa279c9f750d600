"""Opaque cursors: where a list goes on, bound to the query that it belongs to."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from shared.errors import BadRequest

_TAG = 12


class Cursors:
    """Makes and reads cursors, signed with the service's secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def encode(self, query: object, position: list[Any]) -> str:
        """A cursor for `position` (JSON values) in the list that `query` describes."""
        data = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._tag(query, data) + data).decode().rstrip("=")

    def decode(self, query: object, cursor: str) -> list[Any]:
        """The position in `cursor`. Raises `BadRequest` if it is not one of this query's."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raw = b""
        tag, data = raw[:_TAG], raw[_TAG:]
        if not data or not hmac.compare_digest(tag, self._tag(query, data)):
            raise BadRequest("the cursor is not one of this query; start again without it")
        position = json.loads(data)
        assert isinstance(position, list)
        return position

    def _tag(self, query: object, data: bytes) -> bytes:
        described = json.dumps(query, sort_keys=True, default=str).encode()
        return hmac.digest(self._secret, described + b"\0" + data, hashlib.sha256)[:_TAG]

"""Cookies of an app, none of which a script or another host can read or set.

`__Host-` makes the browser hold to it: such a cookie is Secure, has the path `/` and no Domain, so
a sibling subdomain can neither see nor overwrite it. Chromium and Firefox take `http://` on a name
under `localhost` for trustworthy, and with it Secure cookies; each host name has its own.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.types import Scope

SESSION = "__Host-fortress"
# A sign-in that is under way: state and verifier, signed.
SIGN_IN = "__Host-fortress-sign-in"
# Somebody who has no session: what the token of a form is bound to.
VISIT = "__Host-fortress-visit"
# A browser that signed in before (shared.auth.throttle.Devices).
DEVICE = "__Host-fortress-device"
OURS = (SESSION, SIGN_IN, VISIT, DEVICE)

LONGEST = 3_500
_VALUE = re.compile(r"[A-Za-z0-9._~-]*")
_TAG = hashlib.sha256().digest_size


def read(scope: Scope, name: str) -> str | None:
    """The cookie's value as it was sent; None where it is missing or there are two of it."""
    found = [value for key, value in _sent(scope) if key == name]
    return found[0] if len(found) == 1 and found[0] else None


def sends_ours(scope: Scope) -> bool:
    """Whether the request comes with any cookie of ours, readable or not."""
    return any(key in OURS for key, _ in _sent(scope))


def put(response: Response, name: str, value: str, lasts: timedelta | None = None) -> None:
    """Set a cookie of ours; without `lasts` it ends with the browser. `value` is URL-safe."""
    if name not in OURS:
        raise ValueError(f"{name} is no cookie of ours")
    if not _VALUE.fullmatch(value) or len(value) > LONGEST:
        raise ValueError(f"the value of {name} is not {LONGEST} URL-safe characters at most")
    age = "" if lasts is None else f" Max-Age={int(lasts.total_seconds())};"
    response.headers.append(
        "Set-Cookie", f"{name}={value};{age} Path=/; Secure; HttpOnly; SameSite=Lax"
    )


def drop(response: Response, name: str) -> None:
    """Let the browser forget the cookie."""
    put(response, name, "", timedelta(0))


class Signed:
    """Short-lived values that the browser keeps and cannot change.

    `purpose` has a key of its own: what was signed for one thing is worth nothing for another.
    The browser can read the values: no secret of ours goes in.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        self._key = hmac.digest(secret.encode(), f"fortress signed {purpose}".encode(), "sha256")

    def sign(self, values: Mapping[str, str], *, until: datetime) -> str:
        """The values with their end, URL-safe."""
        document = {"until": until.timestamp(), "values": dict(values)}
        data = json.dumps(document, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._tag(data) + data).decode().rstrip("=")

    def read(self, signed: str | None, *, now: datetime) -> dict[str, str] | None:
        """The values; None where they are not ours, were changed, or have ended."""
        try:
            given = (signed or "").encode("ascii")
            raw = base64.b64decode(given + b"=" * (-len(given) % 4), b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        data = raw[_TAG:]
        if not data or not hmac.compare_digest(raw[:_TAG], self._tag(data)):
            return None
        document = json.loads(data)
        if now.timestamp() >= document["until"]:
            return None
        return {str(key): str(value) for key, value in document["values"].items()}

    def _tag(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")


def _sent(scope: Scope) -> list[tuple[str, str]]:
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == b"cookie"]
    pairs = [pair.partition("=") for line in lines for pair in line.split(";")]
    return [(name.strip(), value.strip()) for name, _, value in pairs]

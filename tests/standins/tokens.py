"""Checking an RDS connect token as the service does: every part, and the signature recomputed.

Source: AWS's documentation of Signature Version 4 for query strings. Written without botocore, so
that it and the signing side cannot share a mistake.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

LONGEST = 900
ALGORITHM = "AWS4-HMAC-SHA256"
SIGNATURE = "X-Amz-Signature"
# How far ahead a client's clock may be.
SKEW = timedelta(minutes=5)


class TokenRefusedError(Exception):
    """The token is not good; the text says why (to the test, never to the client)."""


@dataclass(frozen=True)
class AccessKey:
    id: str
    secret: str
    session_token: str | None = None


@dataclass(frozen=True)
class Expected:
    host: str
    port: int
    user: str
    region: str


def verify(token: str, key: AccessKey, expected: Expected, now: datetime) -> None:
    """Raise `TokenRefusedError` unless `token` lets `expected.user` in at that host now."""
    parts = urlsplit(f"https://{token}")
    pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    said = dict(pairs)
    host = f"{expected.host}:{expected.port}"
    _must(len(pairs) == len(said), "a parameter is there twice")
    _must((parts.netloc, parts.path) == (host, "/"), f"made for {parts.netloc}, not {host}")
    _must(said.get("Action") == "connect", "not for connecting")
    _must(said.get("DBUser") == expected.user, f"made for the user {said.get('DBUser')}")
    _must(said.get("X-Amz-Algorithm") == ALGORITHM, "another algorithm")
    _must(said.get("X-Amz-SignedHeaders") == "host", "the host is not signed")
    _must(said.get("X-Amz-Security-Token") == key.session_token, "another session token")
    day = said.get("X-Amz-Date", "")[:8]
    scope = f"{day}/{expected.region}/rds-db/aws4_request"
    _must(said.get("X-Amz-Credential") == f"{key.id}/{scope}", "another access key or scope")
    _check_age(said, now)
    made = _signature(pairs, host, said["X-Amz-Date"], scope, key)
    _must(hmac.compare_digest(made, said.get(SIGNATURE, "")), "the signature is forged")


def _must(condition: bool, otherwise: str) -> None:
    if not condition:
        raise TokenRefusedError(otherwise)


def _check_age(said: dict[str, str], now: datetime) -> None:
    made = datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    seconds = int(said["X-Amz-Expires"])
    _must(0 < seconds <= LONGEST, "it would last too long")
    _must(made - SKEW <= now, "it is from the future")
    _must(now < made + timedelta(seconds=seconds), "it has expired")


def _signature(
    pairs: list[tuple[str, str]], host: str, date: str, scope: str, key: AccessKey
) -> str:
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(pairs)
        if name != SIGNATURE
    )
    empty = hashlib.sha256().hexdigest()
    request = f"GET\n/\n{query}\nhost:{host}\n\nhost\n{empty}"
    text = f"{ALGORITHM}\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signing = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    return hmac.digest(signing, text.encode(), "sha256").hex()

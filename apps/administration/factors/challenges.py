"""Challenges of WebAuthn: known again without being stored, and answered once.

A challenge carries its end and a tag over what it was made for. Only one that was answered becomes
a row: whoever asks for challenges and answers none leaves nothing behind.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.factors.errors import ChallengeOver
from shared.models import SpentChallenge

# As long as browsers show what they ask, and somebody looks for a security key.
LASTS = timedelta(minutes=5)
_NONCE = 16
_UNTIL = 8
_HEAD = _NONCE + _UNTIL


class Challenges:
    """Those of one `kind` (what for, and of whom), each bound to a browser's cookie."""

    def __init__(self, secret: str, kind: str) -> None:
        self._key = hmac.digest(secret.encode(), f"fortress challenge {kind}".encode(), "sha256")

    def issue(self, bound: str, now: datetime) -> bytes:
        """A new one for the browser with the cookie `bound`."""
        until = int((now + LASTS).timestamp())
        head = secrets.token_bytes(_NONCE) + until.to_bytes(_UNTIL, "big")
        return head + self._tag(bound, head)

    def until(self, challenge: bytes, bound: str, now: datetime) -> datetime:
        """When it ends. Raises `ChallengeOver` where it has, or is not of this kind and browser."""
        head = challenge[:_HEAD]
        if not hmac.compare_digest(challenge[_HEAD:], self._tag(bound, head)):
            raise ChallengeOver
        until = datetime.fromtimestamp(int.from_bytes(head[_NONCE:], "big"), UTC)
        if until <= now:
            raise ChallengeOver
        return until

    def _tag(self, bound: str, head: bytes) -> bytes:
        return hmac.digest(self._key, head + bound.encode(), "sha256")


async def spend(session: AsyncSession, challenge: bytes, until: datetime) -> None:
    """It was answered. Raises `ChallengeOver` for the second answer, also of two at once."""
    hashed = hashlib.sha256(challenge).digest()
    session.add(SpentChallenge(challenge_hash=hashed, expires_at=until))
    try:
        await session.flush()
    except IntegrityError:
        raise ChallengeOver from None


async def prune(session: AsyncSession, now: datetime, most: int = 500) -> int:
    """Forget up to `most` that would not be taken any more anyway; returns how many."""
    over = select(SpentChallenge.challenge_hash).where(SpentChallenge.expires_at <= now)
    hashes = list(await session.scalars(over.limit(most)))
    if hashes:
        await session.execute(
            delete(SpentChallenge).where(SpentChallenge.challenge_hash.in_(hashes))
        )
    return len(hashes)

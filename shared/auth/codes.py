"""The code that takes a sign-in from administration to an app: single use, with PKCE (RFC 7636)."""

import base64
import hashlib
import re
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import sessions
from shared.errors import BadRequest
from shared.ids import digest, new_secret
from shared.models import AppSession, Person, SignIn, SignInCode

LIFETIME = timedelta(seconds=60)
# RFC 7636: a verifier is 43 to 128 unreserved characters (4.1), S256 makes 43 of it (4.2).
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def new_verifier() -> str:
    """A verifier: what an app keeps to itself until it exchanges the code."""
    return new_secret()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of `verifier`. Raises `BadRequest` for what is no verifier."""
    if _VERIFIER.fullmatch(verifier) is None:
        raise BadRequest("the verifier is not one of RFC 7636")
    hashed = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")


def is_challenge(text: str) -> bool:
    """Whether `text` has the form of an S256 challenge."""
    return _CHALLENGE.fullmatch(text) is not None


async def issue(
    session: AsyncSession,
    sign_in_id: int,
    *,
    app: str,
    challenge: str,
    redirect: str,
    now: datetime,
) -> str:
    """A code for `app` to be taken to exactly `redirect`. Raises `BadRequest` for a challenge that
    is none.
    """
    if not is_challenge(challenge):
        raise BadRequest("the challenge is not one of S256, RFC 7636")
    code = new_secret()
    session.add(
        SignInCode(
            code_hash=digest(code),
            sign_in_id=sign_in_id,
            app=app,
            challenge=challenge,
            redirect=redirect,
            expires_at=now + LIFETIME,
        )
    )
    await session.flush()
    return code


async def exchange(
    session: AsyncSession,
    code: str,
    verifier: str,
    *,
    app: str,
    redirect: str,
    now: datetime,
    lifetimes: sessions.Lifetimes,
) -> str | None:
    """The token of a new session in `app`; none where the code is not good (any more).

    Commit in either case: a code that comes a second time was seen by somebody else, so the session
    made from it ends. Ask only where the browser's own state fits, or a page loaded again would.
    """
    hashed = digest(code)
    used = await session.execute(
        # One statement, so that of two at once only one finds it unused.
        update(SignInCode)
        .where(
            SignInCode.code_hash == hashed,
            SignInCode.app == app,
            SignInCode.redirect == redirect,
            SignInCode.challenge == challenge_of(verifier),
            SignInCode.used_at.is_(None),
            SignInCode.expires_at > now,
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if not used.rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        await _end_made_from(session, hashed)
        return None
    row = (
        await session.execute(
            select(SignInCode.id, SignInCode.sign_in_id)
            .join(SignIn, SignIn.id == SignInCode.sign_in_id)
            .join(Person, Person.id == SignIn.person_id)
            .where(SignInCode.code_hash == hashed, *sessions.alive(now, lifetimes))
        )
    ).one_or_none()
    if row is None:
        return None
    return await sessions.open_session(session, row.sign_in_id, app, now, code_id=row.id)


async def _end_made_from(session: AsyncSession, code_hash: bytes) -> None:
    """End what was made from a code that is used already."""
    spent = await session.scalar(
        select(SignInCode.id).where(
            SignInCode.code_hash == code_hash, SignInCode.used_at.is_not(None)
        )
    )
    if spent is not None:
        await session.execute(
            delete(AppSession).where(AppSession.code_id == spent)  # unscoped: of one code
        )

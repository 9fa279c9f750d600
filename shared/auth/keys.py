"""API keys: made, parsed and checked. `fk_` + prefix + `_` + secret."""

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.permissions import SCOPES
from shared.auth.principal import Principal
from shared.errors import Unauthenticated
from shared.ids import digest, new_secret
from shared.models import ApiKey, Organisation, ServiceAccount

__all__ = ["LAST_USED_STEP", "Principal", "authenticate", "make_key", "note_use"]

_FORM = re.compile(r"fk_([0-9a-z]{10})_([A-Za-z0-9_-]{43})")
_PREFIX_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
# How exact `last_used_at` is; a write for every request would cost more than it tells.
LAST_USED_STEP = timedelta(seconds=60)


def make_key(
    org_id: int, name: str, scopes: list[str], now: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key's row and the key itself, which is shown once and not stored."""
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(10))
    secret = new_secret()
    row = ApiKey(
        org_id=org_id,
        name=name,
        prefix=prefix,
        secret_hash=digest(secret),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=expires_at,
    )
    return row, f"fk_{prefix}_{secret}"


async def authenticate(session: AsyncSession, key: str, now: datetime) -> tuple[Principal, bool]:
    """Who a key is, and whether its last use should be noted.

    Raises `Unauthenticated`, with one answer for a malformed, unknown, wrong, revoked or
    expired key, and for one whose service account is disabled.
    """
    match = _FORM.fullmatch(key)
    if match is None:
        raise Unauthenticated("the API key is not valid")
    found = (
        await session.execute(
            # This finds the organisation, so it cannot be limited to one.
            select(  # unscoped: the key names the organisation
                ApiKey, Organisation.public_id, ServiceAccount.disabled_at
            )
            .join(Organisation, Organisation.id == ApiKey.org_id)
            .outerjoin(ServiceAccount, ServiceAccount.id == ApiKey.service_account_id)
            .where(ApiKey.prefix == match[1])
        )
    ).one_or_none()
    proven = secrets.compare_digest(digest(match[2]), found[0].secret_hash if found else b"")
    if found is None or not proven or _ended(found[0], now):
        raise Unauthenticated("the API key is not valid")
    row, org_public_id, disabled_at = found
    if disabled_at is not None:
        raise Unauthenticated("the API key is not valid")
    principal = Principal(
        org_id=row.org_id,
        org_public_id=org_public_id,
        actor=row.public_id,
        # One that was made with a scope that is gone since may not do what is called so next.
        permissions=frozenset(SCOPES.keys() & row.scopes),
        key_id=row.id,
    )
    stale = row.last_used_at is None or now - row.last_used_at > LAST_USED_STEP
    return principal, stale


async def note_use(session: AsyncSession, principal: Principal, now: datetime) -> None:
    """Write that a key was used just now."""
    await session.execute(
        update(ApiKey)  # unscoped: by the row's own number, just authenticated
        .where(ApiKey.id == principal.key_id)
        .values(last_used_at=now)
    )


def _ended(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)

"""Making, listing and revoking API keys."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.keys import errors, repository, rules, standing
from apps.administration.keys.schemas import KeyCreated, KeyIn, KeyOut
from apps.administration.service_accounts import service as accounts
from apps.administration.service_accounts.repository import every_locked
from shared.auth import audit
from shared.auth.keys import Principal, make_key
from shared.auth.scopes import SCOPES
from shared.clock import from_ms
from shared.db import AsyncReadSession
from shared.models import ApiKey, ServiceAccount
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page

MOST_KEYS = 1_000
AUDITED = {"name", "prefix", "scopes", "expires_at", "service_account"}


async def get(session: AsyncReadSession, org_id: int, public_id: str) -> KeyOut:
    """Raises `NoSuchKey`."""
    found = await repository.find(session, org_id, public_id)
    if found is None:
        raise errors.NoSuchKey(public_id)
    return shown(*found)


async def page(
    session: AsyncReadSession, org_id: int, cursors: Cursors, limit: int, cursor: str | None
) -> Page[KeyOut]:
    """Newest first. Raises `BadRequest` for a cursor of another list."""
    query = ["keys", org_id]
    before = cursors.decode(query, cursor)[0] if cursor else None
    rows = await repository.newest(session, org_id, before, limit + 1)
    more = len(rows) > limit
    after = cursors.encode(query, [rows[limit - 1][0].id]) if more else None
    return Page(items=[shown(*row) for row in rows[:limit]], next=after)


async def create(
    session: AsyncSession, change: Change, wanted: KeyIn, new_account: str | None = None
) -> KeyCreated:
    """A new key, with `new_account` of a service account that is made for it.

    Raises `UnknownScope`, `ScopesExceeded`, `AlreadyEnded`, `Outlives`, `TooManyKeys`, and what
    `accounts.holder` does; then nothing is written.
    """
    principal = change.principal
    expires_at = _checked(principal, wanted, change.now)
    keys = await repository.standing_locked(session, principal.org_id)
    if len(keys) >= MOST_KEYS:
        raise errors.TooManyKeys(MOST_KEYS)
    known = await every_locked(session, principal.org_id)
    own = standing.ends(principal, standing.in_force(keys, known), change.now)
    if rules.outlives(expires_at, own):
        raise errors.Outlives
    account = await accounts.holder(session, change, known, wanted.service_account, new_account)
    scopes = sorted(set(wanted.scopes))
    row, key = make_key(principal.org_id, wanted.name, scopes, change.now, expires_at)
    row.service_account_id = account.id if account else None
    session.add(row)
    await session.flush()
    out = shown(row, account)
    after = out.model_dump(mode="json", include=AUDITED)
    audit.record(session, change.origin, "key.create", row.public_id, at=change.now, after=after)
    return KeyCreated(**dict(out), key=key)


async def revoke(session: AsyncSession, change: Change, public_id: str) -> None:
    """End a key now; ending it again changes nothing.

    Raises `NoSuchKey`, and `LastManager` for a key: people can make another without one.
    """
    org_id = change.origin.org_id
    keys = await repository.standing_locked(session, org_id)
    found = next((key for key in keys if key.public_id == public_id), None)
    if found is None:
        if await repository.find(session, org_id, public_id) is None:
            raise errors.NoSuchKey(public_id)
        return
    facts = standing.facts(standing.in_force(keys, await every_locked(session, org_id)))
    by_key = change.principal.key_id is not None
    if by_key and not rules.leaves_a_manager(facts, found.id, change.now):
        raise errors.LastManager
    found.revoked_at = change.now
    audit.record(
        session,
        change.origin,
        "key.revoke",
        found.public_id,
        at=change.now,
        before={"revoked_at": None},
        after={"revoked_at": change.now.isoformat()},
    )


def shown(row: ApiKey, account: ServiceAccount | None) -> KeyOut:
    """What is shown of a key: never its secret."""
    return KeyOut(
        id=row.public_id,
        name=row.name,
        prefix=f"fk_{row.prefix}",
        scopes=row.scopes,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        service_account=account.public_id if account else None,
    )


def _checked(principal: Principal, wanted: KeyIn, now: datetime) -> datetime | None:
    """When the wanted key ends, if what is wanted may be had."""
    unknown = next((scope for scope in wanted.scopes if scope not in SCOPES), None)
    if unknown is not None:
        raise errors.UnknownScope(unknown)
    if excess := rules.excess(wanted.scopes, principal.permissions):
        raise errors.ScopesExceeded(excess, "your role" if principal.person_id else "this key")
    if wanted.expires_at is None:
        return None
    expires_at = from_ms(wanted.expires_at)
    if expires_at <= now:
        raise errors.AlreadyEnded
    return expires_at

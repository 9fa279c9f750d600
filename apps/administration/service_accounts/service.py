"""Making, listing, renaming, disabling and enabling service accounts."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.keys import repository as key_rows
from apps.administration.keys import rules, standing
from apps.administration.keys.errors import LastManager, Outlives, ScopesExceeded
from apps.administration.names import name_of
from apps.administration.service_accounts import errors, repository
from apps.administration.service_accounts.schemas import (
    HeldKey,
    ServiceAccountOut,
    ServiceAccountPatch,
)
from shared.auth import audit
from shared.db import AsyncReadSession
from shared.models import ApiKey, ServiceAccount
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page

MOST_ACCOUNTS = 200
Values = Mapping[str, str | None] | None
"""Of an audit entry: what something was, or is."""


async def get(session: AsyncReadSession, org_id: int, public_id: str) -> ServiceAccountOut:
    """Raises `NoSuchAccount`."""
    found = await repository.find(session, org_id, public_id)
    if found is None:
        raise errors.NoSuchAccount(public_id)
    return await _shown(session, found)


async def page(
    session: AsyncReadSession, org_id: int, cursors: Cursors, limit: int, cursor: str | None
) -> Page[ServiceAccountOut]:
    """Newest first. Raises `BadRequest` for a cursor of another list."""
    query = ["service accounts", org_id]
    before = cursors.decode(query, cursor)[0] if cursor else None
    rows = await repository.newest(session, org_id, before, limit + 1)
    more = len(rows) > limit
    after = cursors.encode(query, [rows[limit - 1].id]) if more else None
    return Page(items=await _all_shown(session, org_id, rows[:limit]), next=after)


async def every(session: AsyncReadSession | AsyncSession, org_id: int) -> list[ServiceAccountOut]:
    """All of them, newest first."""
    rows = await repository.newest(session, org_id, None, MOST_ACCOUNTS)
    return await _all_shown(session, org_id, rows)


async def create(session: AsyncSession, change: Change, name: str) -> ServiceAccountOut:
    """A new account without a key. Raises `NameUnfit`, `AccountNameTaken`, `TooManyAccounts`."""
    await key_rows.standing_locked(session, change.origin.org_id)
    known = await repository.every_locked(session, change.origin.org_id)
    return await _shown(session, await _make(session, change, known, name))


async def holder(
    session: AsyncSession,
    change: Change,
    known: Sequence[ServiceAccount],
    public_id: str | None,
    new: str | None,
) -> ServiceAccount | None:
    """The account that holds a key that is being made: one of `known`, a `new` one, or none.

    Raises `NoSuchAccount`, `AccountDisabled`, and what `create` does.
    """
    if new is not None:
        return await _make(session, change, known, new)
    if public_id is None:
        return None
    found = _of(known, public_id)
    if found.disabled_at is not None:
        raise errors.AccountDisabled
    return found


async def patch(
    session: AsyncSession, change: Change, public_id: str, body: ServiceAccountPatch
) -> ServiceAccountOut:
    """Apply what `body` names; what is so already leaves no trace.

    Raises `NoSuchAccount`, `NameUnfit`, `AccountNameTaken`; for disabling `LastManager`; for
    enabling `ScopesExceeded` and `Outlives`: it hands out what the account's keys may do.
    """
    org_id = change.origin.org_id
    keys = await key_rows.standing_locked(session, org_id)
    known = await repository.every_locked(session, org_id)
    found = _of(known, public_id)
    if body.disabled is not None and body.disabled != (found.disabled_at is not None):
        _may_switch(change, found, keys, known)
        _switch(session, change, found)
    if body.name is not None and (name := name_of(body.name)) != found.name:
        _free(known, name)
        before: Values = {"name": found.name}
        found.name = name
        _note(session, change, "rename", found, (before, {"name": name}))
    return await _shown(session, found)


def _may_switch(
    change: Change,
    found: ServiceAccount,
    keys: Sequence[ApiKey],
    known: Sequence[ServiceAccount],
) -> None:
    held = [key for key in keys if key.service_account_id == found.id]
    working = standing.in_force(keys, known)
    principal = change.principal
    if found.disabled_at is None:
        gone = {key.id for key in held}
        left = rules.leaves_one_without(standing.facts(working), gone, change.now)
        if principal.key_id is not None and not left:
            raise LastManager
        return
    scopes = {scope for key in held for scope in key.scopes}
    if excess := rules.excess(scopes, principal.permissions):
        raise ScopesExceeded(excess, "your role" if principal.person_id else "this key")
    own = standing.ends(principal, working, change.now)
    if any(rules.outlives(key.expires_at, own) for key in held):
        raise Outlives


def _switch(session: AsyncSession, change: Change, found: ServiceAccount) -> None:
    before = found.disabled_at
    found.disabled_at = change.now if before is None else None
    _note(
        session,
        change,
        "disable" if before is None else "enable",
        found,
        (
            {"disabled_at": before.isoformat() if before else None},
            {"disabled_at": found.disabled_at.isoformat() if found.disabled_at else None},
        ),
    )


async def _make(
    session: AsyncSession, change: Change, known: Sequence[ServiceAccount], wanted: str
) -> ServiceAccount:
    name = name_of(wanted)
    if len(known) >= MOST_ACCOUNTS:
        raise errors.TooManyAccounts(MOST_ACCOUNTS)
    _free(known, name)
    row = ServiceAccount(org_id=change.origin.org_id, name=name, created_at=change.now)
    session.add(row)
    await session.flush()
    _note(session, change, "create", row, (None, {"name": name}))
    return row


def _of(known: Sequence[ServiceAccount], public_id: str) -> ServiceAccount:
    found = next((account for account in known if account.public_id == public_id), None)
    if found is None:
        raise errors.NoSuchAccount(public_id)
    return found


def _free(known: Sequence[ServiceAccount], name: str) -> None:
    if any(account.name == name for account in known):
        raise errors.AccountNameTaken


def _note(
    session: AsyncSession,
    change: Change,
    what: str,
    account: ServiceAccount,
    values: tuple[Values, Values],
) -> None:
    before, after = values

    audit.record(
        session,
        change.origin,
        f"service_account.{what}",
        account.public_id,
        at=change.now,
        before=dict(before) if before else None,
        after=dict(after) if after else None,
    )


async def _shown(
    session: AsyncReadSession | AsyncSession, row: ServiceAccount
) -> ServiceAccountOut:
    return (await _all_shown(session, row.org_id, [row]))[0]


async def _all_shown(
    session: AsyncReadSession | AsyncSession, org_id: int, rows: Sequence[ServiceAccount]
) -> list[ServiceAccountOut]:
    keys = await repository.keys_of(session, org_id, [row.id for row in rows])
    return [
        ServiceAccountOut(
            id=row.public_id,
            name=row.name,
            created_at=row.created_at,
            disabled_at=row.disabled_at,
            keys=[HeldKey(id=key.public_id, name=key.name) for key in keys[row.id]],
        )
        for row in rows
    ]

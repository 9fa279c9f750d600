"""`/keys`: the organisation's service accounts and keys. They stay when whoever made them goes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from apps.administration.dependencies import KeysChange, KeysReader, KeysWriter
from apps.administration.keys import service
from apps.administration.keys.errors import ScopesExceeded, UnknownScope
from apps.administration.keys.schemas import KeyIn
from apps.administration.names import NameUnfit, name_of
from apps.administration.service_accounts import service as accounts
from apps.administration.service_accounts.errors import (
    AccountDisabled,
    AccountNameTaken,
    NoSuchAccount,
)
from apps.administration.service_accounts.schemas import ServiceAccountOut, ServiceAccountPatch
from apps.administration.templating import Desk, DeskOf, done, said_of
from shared.auth.permissions import SCOPES
from shared.clock import to_ms
from shared.errors import Conflict, DomainError, Forbidden, Invalid
from shared.web.changes import Change
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.fields import Cursor
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Id = Annotated[str, public_id("a key", "key")]
FRESH = [Depends(fresh())]
AccountId = Annotated[str, public_id("a service account", "svc")]
Chosen = Annotated[str, Query(max_length=40)]
BOX = "scope"
NEW = "new"
AT_ONCE = 50
LONGEST_ID = 40
EVERY = list(SCOPES.items())
LASTS = (
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "a year"),
    ("", "until it is revoked"),
)
ALONE = (("", "none: the key stands by itself"), (NEW, "a new one"))
REFUSED = (Invalid, Conflict, Forbidden, NoSuchAccount)


class NoScopes(Invalid):
    code = "no_scopes"

    def __init__(self) -> None:
        super().__init__("choose one permission or more")


class UnknownTerm(Invalid):
    code = "unknown_term"

    def __init__(self) -> None:
        super().__init__("choose how long the key lasts")


BESIDE: dict[str, tuple[type[DomainError], ...]] = {
    BOX: (NoScopes, ScopesExceeded, UnknownScope),
    "days": (UnknownTerm,),
    "name": (NameUnfit,),
    "account": (NoSuchAccount, AccountDisabled),
    "account_name": (AccountNameTaken,),
}


@dataclass(frozen=True, slots=True)
class _Given:
    """What a form says of a key."""

    name: str = ""
    chosen: frozenset[str] = frozenset()
    days: str = "90"
    account: str = ""
    account_name: str = ""


@router.get("/keys")
async def every(
    session: ReadSession,
    principal: KeysReader,
    desk: DeskOf,
    cursors: CursorsOf,
    cursor: Cursor = None,
) -> Response:
    found = await service.page(session, principal.org_id, cursors, AT_ONCE, cursor)
    may_write = desk.may("keys:write")
    held = await accounts.every(session, principal.org_id)
    return await desk.show(
        "keys.html",
        title="Service accounts and API keys",
        keys=found,
        accounts=held,
        holders={one.id: one for one in held},
        now=desk.now,
        may_write=may_write,
    )


@router.get("/keys/new", dependencies=FRESH)
async def new(
    session: ReadSession, principal: KeysWriter, desk: DeskOf, account: Chosen = ""
) -> Response:
    known = await accounts.every(session, principal.org_id)
    return await _form(desk, _Given(account=account), known)


@router.post("/keys", dependencies=FRESH)
async def create(form: FormOf, session: WriteSession, change: KeysChange, desk: DeskOf) -> Response:
    """The answer is the page with the key: it is nowhere else, now or later."""
    given = _given(form)
    try:
        new_account = given.account_name if given.account == NEW else None
        made = await service.create(session, change, _wanted(given, change), new_account)
    except REFUSED as error:
        known = await accounts.every(session, change.origin.org_id)
        return await _form(desk, given, known, error)
    return await desk.show("keys-made.html", title="Your new key", key=made)


@router.post("/keys/{key_id}/revoke", dependencies=FRESH)
async def revoke(key_id: Id, session: WriteSession, change: KeysChange) -> Response:
    await service.revoke(session, change, key_id)
    return done("/keys")


@router.post("/keys/accounts/{account_id}/disable", dependencies=FRESH)
async def disable(account_id: AccountId, session: WriteSession, change: KeysChange) -> Response:
    await accounts.patch(session, change, account_id, ServiceAccountPatch(disabled=True))
    return done("/keys")


@router.post("/keys/accounts/{account_id}/enable", dependencies=FRESH)
async def enable(account_id: AccountId, session: WriteSession, change: KeysChange) -> Response:
    await accounts.patch(session, change, account_id, ServiceAccountPatch(disabled=False))
    return done("/keys")


def _given(form: dict[str, str]) -> _Given:
    boxes = (name.partition(":") for name in form)
    chosen = frozenset(rest for box, _, rest in boxes if box == BOX)
    return _Given(
        form.get("name", ""),
        chosen,
        form.get("days", "90"),
        form.get("account", ""),
        form.get("account_name", ""),
    )


def _wanted(given: _Given, change: Change) -> KeyIn:
    """Raises `NameUnfit`, `NoScopes`, `UnknownTerm`, `UnknownScope`."""
    name = name_of(given.name)
    if not given.chosen:
        raise NoScopes
    if given.days not in dict(LASTS):
        raise UnknownTerm
    if unknown := sorted(given.chosen - SCOPES.keys()):
        raise UnknownScope(unknown[0])
    ends = to_ms(change.now + timedelta(days=int(given.days))) if given.days else None
    held = given.account if given.account not in {"", NEW} else None
    if held is not None and len(held) > LONGEST_ID:
        raise NoSuchAccount(held)
    return KeyIn(name=name, scopes=sorted(given.chosen), expires_at=ends, service_account=held)


def _field(error: DomainError | None) -> str:
    """Beside which field it is said; above the form: none."""
    return next((name for name, kinds in BESIDE.items() if isinstance(error, kinds)), "")


async def _form(
    desk: Desk,
    given: _Given,
    known: list[ServiceAccountOut],
    error: DomainError | None = None,
) -> Response:
    status, headers, errors = said_of(error, _field(error))
    enabled = [(one.id, one.name) for one in known if one.disabled_at is None]
    page = await desk.show(
        "keys-form.html",
        status,
        title="A new key",
        given=given,
        errors=errors,
        scopes=EVERY,
        may=desk.permissions,
        box=BOX,
        lasts=LASTS,
        accounts=[*ALONE, *enabled],
    )
    page.headers.update(headers)
    return page

"""`/keys`: the organisation's keys. A key is a service account: it acts as itself, and stays when
whoever made it goes.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from apps.administration.dependencies import KeysChange, KeysReader, KeysWriter
from apps.administration.keys import service
from apps.administration.keys.errors import ScopesExceeded, UnknownScope
from apps.administration.keys.schemas import KeyIn
from apps.administration.names import NameUnfit, name_of
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
BOX = "scope"
AT_ONCE = 50
EVERY = list(SCOPES.items())
LASTS = (
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "a year"),
    ("", "until it is revoked"),
)
REFUSED = (Invalid, Conflict, Forbidden)


class NoScopes(Invalid):
    code = "no_scopes"

    def __init__(self) -> None:
        super().__init__("choose one permission or more")


class UnknownTerm(Invalid):
    code = "unknown_term"

    def __init__(self) -> None:
        super().__init__("choose how long the key lasts")


@dataclass(frozen=True, slots=True)
class _Given:
    """What a form says of a key."""

    name: str = ""
    chosen: frozenset[str] = frozenset()
    days: str = "90"


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
    return await desk.show(
        "keys.html", title="API keys", keys=found, now=desk.now, may_write=may_write
    )


@router.get("/keys/new", dependencies=FRESH)
async def new(_principal: KeysWriter, desk: DeskOf) -> Response:
    return await _form(desk, _Given())


@router.post("/keys", dependencies=FRESH)
async def create(form: FormOf, session: WriteSession, change: KeysChange, desk: DeskOf) -> Response:
    """The answer is the page with the key: it is nowhere else, now or later."""
    given = _given(form)
    try:
        made = await service.create(session, change, _wanted(given, change))
    except REFUSED as error:
        return await _form(desk, given, error)
    return await desk.show("keys-made.html", title="Your new key", key=made)


@router.post("/keys/{key_id}/revoke", dependencies=FRESH)
async def revoke(key_id: Id, session: WriteSession, change: KeysChange) -> Response:
    await service.revoke(session, change, key_id)
    return done("/keys")


def _given(form: dict[str, str]) -> _Given:
    boxes = (name.partition(":") for name in form)
    chosen = frozenset(rest for box, _, rest in boxes if box == BOX)
    return _Given(form.get("name", ""), chosen, form.get("days", "90"))


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
    return KeyIn(name=name, scopes=sorted(given.chosen), expires_at=ends)


async def _form(desk: Desk, given: _Given, error: DomainError | None = None) -> Response:
    about_boxes = isinstance(error, NoScopes | ScopesExceeded | UnknownScope)
    other = (
        "days" if isinstance(error, UnknownTerm) else "name" if isinstance(error, NameUnfit) else ""
    )
    status, headers, errors = said_of(error, BOX if about_boxes else other)
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
    )
    page.headers.update(headers)
    return page

"""Every change leaves an entry in the audit, with what was before or after: walked over the unsafe
routes of all apps. A route that writes none says here why, and one that cannot succeed in the walk
says which test shows its entry.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.isolation.callers import APPS
from tests.isolation.conftest import Walks, World
from tests.isolation.entry import Entry
from tests.isolation.walk import Walk

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")

ROOT = Path(__file__).parents[2]

MEASURED = "what devices measured: it is data of its own, with where it came from"
CHOICE = "which of one's own organisations one looks at changes nothing in any; support leaves one"
ASKS = "it only asks: what follows from it writes the entry"
NOTHING = "there is nothing to change in the walk's organisation, and a no-op leaves no entry"

# Route → why it leaves no entry when it succeeds.
SILENT = {
    "POST /v1/devices/{device_id}/readings": MEASURED,
    "POST /v1/readings": MEASURED,
    "POST /organisation": CHOICE,
    "POST /v1/devices/{device_id}/enable": NOTHING,
    "POST /sign-in/second": ASKS,
    "POST /sign-in/link": ASKS,
    "POST /reset": ASKS,
    "POST /account/mail": ASKS,
    "POST /sign-in/passkey/options": ASKS,
    "POST /confirm/passkey/options": ASKS,
    "POST /account/factors/passkeys/options": ASKS,
    "POST /account/factors/app/remove": NOTHING,
    "POST /people/{membership_id}/enable": NOTHING,
    "POST /keys/accounts/{account_id}/enable": NOTHING,
    "POST /audit/keep": NOTHING,
}
# Route → where its entry is shown, because the walk's request of it is refused.
ENTRY = "tests/administration/entry/test_sign_ins.py"
MAIL = "tests/administration/people/test_mail_entry.py"
ACCOUNT = "tests/administration/people/test_account.py"
CODES = "tests/administration/factors/test_codes.py"
PASSKEYS = "tests/administration/factors/test_passkeys.py"
PROVIDER = "tests/administration/sso/test_coming_in.py"
SETTING = "tests/administration/sso/test_sign_on.py"
PRIVACY = "tests/administration/test_privacy.py"
HERE = "tests/isolation/test_audited.py"
ELSEWHERE = {
    # Members are limited to the walk's group: it stays.
    "DELETE /v1/device-groups/{group_id}": HERE,
    "POST /sign-in": ENTRY,
    "POST /confirm": ENTRY,
    "POST /account/sign-ins/{sign_in}/end": ENTRY,
    "POST /sign-in/link/use": MAIL,
    "POST /reset/new": MAIL,
    "POST /join": "tests/administration/people/test_invitations.py",
    "POST /account/password": ACCOUNT,
    "POST /account/mail/prove": ACCOUNT,
    "POST /sign-in/passkey": PASSKEYS,
    "POST /confirm/passkey": PASSKEYS,
    "POST /account/factors/passkeys": PASSKEYS,
    "POST /account/factors/passkeys/{passkey_id}/name": PASSKEYS,
    "POST /account/factors/passkeys/{passkey_id}/remove": PASSKEYS,
    "POST /account/factors/app": CODES,
    "POST /account/factors/recovery-codes": CODES,
    "POST /sign-in/sso": PROVIDER,
    "POST /sign-in/sso/link": PROVIDER,
    "POST /sign-on/connection": SETTING,
    "POST /sign-on/connection/test": SETTING,
    "POST /sign-on/domains/{domain_id}/check": SETTING,
    "POST /account/data/erase": PRIVACY,
    "POST /people/{membership_id}/erase": PRIVACY,
}
# What happened is all there is to say of it.
EVENTS = {"sign_in.end"}
INSERT = re.compile(r"INSERT INTO audit_entry \(([^)]*)\)")


@contextmanager
def _entries(walk: Walk) -> Iterator[list[dict[str, Any]]]:
    """The entries that are written while a block runs: an app may write them, and not read them."""
    found: list[dict[str, Any]] = []

    def note(*happened: Any) -> None:
        _, _, statement, parameters, *_ = happened
        if columns := INSERT.match(statement):
            names = [name.strip(" `") for name in columns[1].split(",")]
            rows = _rows(parameters, len(names))
            found.extend(dict(zip(names, row, strict=True)) for row in rows)

    engine = walk.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _rows(parameters: Sequence[Any], width: int) -> list[Sequence[Any]]:
    """The rows of one statement: each by itself, or one behind the other."""
    if isinstance(parameters[0], tuple):
        return list(parameters)
    return [parameters[start : start + width] for start in range(0, len(parameters), width)]


def _says_what_changed(entry: dict[str, Any]) -> bool:
    named = [name for name in json.loads(entry.get("digests") or "{}") if name != "address"]
    values = [json.loads(entry.get(name) or "null") for name in ("before", "after")]
    return bool(named or any(values)) or entry["action"] in EVENTS


async def _left(walk: Walk, entry: Entry, world: World) -> tuple[int, list[dict[str, Any]]]:
    """What an owner is answered, and the entries that it left."""
    async with walk.database.attempt():
        with _entries(walk) as entries:
            answer = await walk.send(entry, world.one.callers.owner, world.one.things)
    return answer.status, entries


@pytest.mark.parametrize("app", APPS)
async def test_every_change_leaves_an_entry_with_what_changed(
    walks: Walks, world: World, app: str
) -> None:
    walk = walks[app]
    unsafe = [one for one in walk.entries if not one.is_safe and one.shown not in ELSEWHERE]
    wrong = []
    for entry in unsafe:
        status, left = await _left(walk, entry, world)
        if status >= 400:
            wrong.append(f"{entry.shown}: answered {status}; say in ELSEWHERE what shows its entry")
        elif bool(left) == (entry.shown in SILENT):
            wrong.append(f"{entry.shown}: {len(left)} entries in the audit; see SILENT")
        wrong += [
            f"{entry.shown}: {one['action']} says neither before nor after"
            for one in left
            if not _says_what_changed(one)
        ]
    assert not wrong, "\n".join(wrong)


async def test_a_group_that_is_deleted_leaves_an_entry(walks: Walks, world: World) -> None:
    walk = walks["api"]
    path = "/v1/device-groups"
    make = Entry(method="POST", path=path, needs="devices:write", json=lambda _: {"name": "a"})
    async with walk.database.attempt():
        made = await walk.send(make, world.one.callers.key, world.one.things)
        path = f"{path}/{json.loads(made.body)['id']}"
        gone = Entry(method="DELETE", path=path, needs="devices:write")
        with _entries(walk) as entries:
            await walk.send(gone, world.one.callers.key, world.one.things)
    assert [(one["action"], json.loads(one["before"])) for one in entries] == [
        ("group.delete", {"name": "a"})
    ]


async def test_what_leaves_no_entry_is_a_route(walks: Walks) -> None:
    there = {entry.shown for app in APPS for entry in walks[app].entries}
    assert sorted((SILENT.keys() | ELSEWHERE.keys()) - there) == []
    assert [file for file in ELSEWHERE.values() if not (ROOT / file).exists()] == []

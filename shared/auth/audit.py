"""Writing the audit: every change through any app, in the transaction of the change."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import chain
from shared.db.chunks import chunks, length
from shared.ids import new_id
from shared.models import AuditEntry, AuditPersonal

SUPPORT = "support:"
"""Stands before the public id of a person who acts as support."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change comes from: who, from which request, from what address.

    `actor`: the public id of a key or a person, of support with `SUPPORT` before it, or `cli`.
    """

    org_id: int
    actor: str
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Personal:
    """A value of `before` or `after` that says something of a person: it is kept so that it can be
    erased. `subject`: their public id, or `mail_subject` of an address.
    """

    value: Any
    subject: str


def mail_subject(address: str) -> str:
    """Whose a mail address is that belongs to no person yet."""
    return f"mail:{hashlib.sha256(address.lower().encode()).hexdigest()}"


def record(
    session: AsyncSession,
    origin: Origin,
    action: str,
    target: str,
    *,
    at: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an audit entry. `action` is like `device.create`, `target` a public id.

    `before` and `after` hold what changed, never a secret. What is personal in them is a
    `Personal`; `email` is without being told, and `name` where the target is a person or a member.
    """
    entry, personal = _rows(origin, action, target, at=at, before=before, after=after)
    session.add(AuditEntry(**entry))
    session.add_all(AuditPersonal(**one) for one in personal)


def _refuse(*_: object) -> None:
    raise RuntimeError("an audit entry is never changed or removed")


for _change in ("before_update", "before_delete"):
    event.listen(AuditEntry, _change, _refuse)


async def record_all(
    session: AsyncSession,
    origin: Origin,
    action: str,
    afters: Mapping[str, dict[str, Any]],
    *,
    at: datetime,
) -> None:
    """Add an entry for each target (public id → what it is now), many in a statement."""
    made = [
        _rows(origin, action, target, at=at, before=None, after=after)
        for target, after in afters.items()
    ]
    entries = [entry for entry, _ in made]
    for chunk in chunks(entries, lambda row: 450 + length(json.dumps(row["after"]))):
        await session.execute(insert(AuditEntry), chunk)
    personal = [one for _, several in made for one in several]
    for chunk in chunks(personal, lambda row: 300 + length(json.dumps(row["value"]))):
        await session.execute(insert(AuditPersonal), chunk)


def _rows(
    origin: Origin,
    action: str,
    target: str,
    *,
    at: datetime,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An entry without what is personal, and what is kept beside it."""
    beside: dict[str, Personal] = {}
    entry = {
        "public_id": new_id("aud"),
        "org_id": origin.org_id,
        "at": at,
        "actor": origin.actor,
        "action": action,
        "target": target,
        "before": _without_personal("before", before, target, beside),
        "after": _without_personal("after", after, target, beside),
        "request_id": origin.request_id,
        "address": origin.address,
    }
    person = person_of(origin.actor)
    if person is not None and origin.address is not None:
        # Where a machine calls from says nothing of a person.
        beside["address"] = Personal(origin.address, person)
        entry["address"] = None
    rows = [
        {
            "org_id": origin.org_id,
            "entry": entry["public_id"],
            "name": name,
            "subject": one.subject,
            "salt": secrets.token_bytes(16),
            "value": one.value,
        }
        for name, one in beside.items()
    ]
    digests = {row["name"]: chain.personal_digest(row["salt"], row["value"]) for row in rows}
    entry["digests"] = digests or None
    return entry, rows


def person_of(actor: str) -> str | None:
    """The person that an actor is, support too; none for a key or a command."""
    public_id = actor.removeprefix(SUPPORT)
    return public_id if public_id.startswith("usr_") else None


def _without_personal(
    where: str, values: dict[str, Any] | None, target: str, beside: dict[str, Personal]
) -> dict[str, Any] | None:
    if values is None:
        return None
    rest: dict[str, Any] = {}
    for name, value in values.items():
        found = _personal(name, value, target)
        if found is None:
            rest[name] = value
        else:
            beside[f"{where}.{name}"] = found
    return rest


def _personal(name: str, value: Any, target: str) -> Personal | None:
    if isinstance(value, Personal):
        return value
    if not isinstance(value, str):
        return None
    if target.startswith(("usr_", "mbr_")):
        return Personal(value, target) if name in ("email", "name") else None
    return Personal(value, mail_subject(value)) if name == "email" else None

"""Writing the audit: every change through any app, in the transaction of the change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.chunks import chunks, length
from shared.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change comes from: who, from which request, from what address."""

    org_id: int
    actor: str
    request_id: str | None = None
    address: str | None = None


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

    `before` and `after` hold what changed, never a secret.
    """
    session.add(
        AuditEntry(
            org_id=origin.org_id,
            at=at,
            actor=origin.actor,
            action=action,
            target=target,
            before=before,
            after=after,
            request_id=origin.request_id,
            address=origin.address,
        )
    )


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
    rows = [
        {
            "org_id": origin.org_id,
            "at": at,
            "actor": origin.actor,
            "action": action,
            "target": target,
            "before": None,
            "after": after,
            "request_id": origin.request_id,
            "address": origin.address,
        }
        for target, after in afters.items()
    ]
    for chunk in chunks(rows, lambda row: 300 + length(json.dumps(row["after"]))):
        await session.execute(insert(AuditEntry), chunk)

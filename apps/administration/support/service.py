"""Letting support in, and ending it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.support import repository
from apps.administration.support.errors import NoSuchGrant, RoleNotForSupport, UnknownHours
from shared.auth import audit
from shared.auth.support import LONGEST, ROLES_LET_IN
from shared.models import SupportGrant
from shared.web.changes import Change

HOURS: Final = (1, 8, 24, 72)
SHOWN = 50

assert timedelta(hours=max(HOURS)) <= LONGEST


async def newest(session: AsyncSession, org_id: int) -> Sequence[SupportGrant]:
    """How support was let in, the last fifty times."""
    return await repository.newest(session, org_id, SHOWN)


async def let_in(session: AsyncSession, change: Change, role: str, hours: int) -> None:
    """Let support in from now on; what was before ends. Raises `RoleNotForSupport`,
    `UnknownHours`.
    """
    if role not in ROLES_LET_IN:
        raise RoleNotForSupport
    if hours not in HOURS:
        raise UnknownHours
    org_id = change.origin.org_id
    await repository.hold(session, org_id)
    for grant in await repository.active(session, org_id, change.now):
        _end(session, change, grant)
    made = SupportGrant(
        org_id=org_id,
        role=role,
        granted_by=change.origin.actor,
        created_at=change.now,
        expires_at=change.now + timedelta(hours=hours),
    )
    session.add(made)
    await session.flush()
    after = {"role": role, "until": made.expires_at.isoformat()}
    audit.record(
        session, change.origin, "support.let_in", made.public_id, at=change.now, after=after
    )


async def end(session: AsyncSession, change: Change, public_id: str) -> None:
    """Nobody of support sees the organisation any more; ending it again changes nothing.

    Raises `NoSuchGrant`.
    """
    await repository.hold(session, change.origin.org_id)
    found = await repository.find(session, change.origin.org_id, public_id)
    if found is None:
        raise NoSuchGrant(public_id)
    if found.revoked_at is None and found.expires_at > change.now:
        _end(session, change, found)


def _end(session: AsyncSession, change: Change, grant: SupportGrant) -> None:
    grant.revoked_at = change.now
    audit.record(
        session,
        change.origin,
        "support.end",
        grant.public_id,
        at=change.now,
        before={"role": grant.role, "until": grant.expires_at.isoformat()},
        after={"until": change.now.isoformat()},
    )

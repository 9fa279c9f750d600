"""Limiting members to groups of devices."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import audit, people
from shared.web.changes import Change


async def set_groups(
    session: AsyncSession, change: Change, membership: str, groups: Collection[str]
) -> None:
    """Limit a member to `groups` (public ids), or to none: then they see all devices.

    Raises `NoSuchMembership`, `UnknownGroup`, `OwnersSeeAll`, `Exceeds`.
    """
    before = await people.set_groups(session, change.principal, membership, groups)
    after = sorted(groups)
    if before != after:
        audit.record(
            session,
            change.origin,
            "member.groups",
            membership,
            at=change.now,
            before={"groups": before},
            after={"groups": after},
        )

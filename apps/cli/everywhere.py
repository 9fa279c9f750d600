"""What the command line does to a person, in the audit of each organisation that they belong to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.cli.database import ACTOR
from shared.auth import audit
from shared.auth.audit import Origin
from shared.models import Membership


@dataclass(frozen=True)
class PersonId:
    """A person's number, and their public id."""

    number: int
    public_id: str


async def record_everywhere(
    session: AsyncSession,
    person: PersonId,
    action: str,
    *,
    at: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an entry to each. Who belongs to none leaves none."""
    mine = select(Membership.org_id)  # unscoped: a person's organisations are over all of them
    for org_id in await session.scalars(mine.where(Membership.person_id == person.number)):
        origin = Origin(org_id, ACTOR)
        audit.record(session, origin, action, person.public_id, at=at, before=before, after=after)

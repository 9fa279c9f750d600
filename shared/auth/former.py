"""Who was a member and is none any more: whom a provider does not bring back by itself.

Kept by public id and by the digest of the address at that time: neither another address of the
account nor a new account under the old one makes somebody new.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.audit import mail_subject
from shared.db.scope import scoped
from shared.models import FormerMember, Membership, Person


async def note(session: AsyncSession, org_id: int, person_id: int, now: datetime) -> None:
    """A person stops being a member."""
    # An address may have been a former member's before.
    subjects = await _clear(session, org_id, person_id)
    session.add_all(FormerMember(org_id=org_id, subject=one, left_at=now) for one in subjects)
    await session.flush()


async def note_everywhere(session: AsyncSession, person_id: int, now: datetime) -> None:
    """A person is about to stop being a member of every organisation."""
    mine = select(Membership.org_id)  # unscoped: a person's organisations are over all of them
    for org_id in (await session.scalars(mine.where(Membership.person_id == person_id))).all():
        await note(session, org_id, person_id, now)


async def forget(session: AsyncSession, org_id: int, person_id: int) -> None:
    """A person is let in again."""
    await _clear(session, org_id, person_id)


async def was_member(session: AsyncSession, org_id: int, email: str, person: str = "") -> bool:
    """Whether who has this address, or is this person (a public id), was a member before."""
    subjects = [mail_subject(email), person]
    query = select(FormerMember.subject).where(FormerMember.subject.in_(subjects))
    return await session.scalar(scoped(org_id, query).limit(1)) is not None


async def _clear(session: AsyncSession, org_id: int, person_id: int) -> list[str]:
    query = select(Person.public_id, Person.email).where(Person.id == person_id)
    public_id, email = (await session.execute(query)).one()
    subjects = [public_id, mail_subject(email)]
    gone = scoped(org_id, delete(FormerMember)).where(FormerMember.subject.in_(subjects))
    await session.execute(gone)
    return subjects

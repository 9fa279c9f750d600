"""People as those who sign in."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Membership, Person
from shared.models.people import LONGEST_EMAIL


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in, and what a password is checked against."""

    id: int
    public_id: str
    password_hash: str | None


async def account(session: AsyncSession, email: str) -> Account | None:
    """Whose address this is, in lower case; none for who may not sign in any more."""
    if len(email) > LONGEST_EMAIL:
        return None
    row = (
        await session.execute(
            select(Person.id, Person.public_id, Person.password_hash).where(
                Person.email == email, Person.disabled.is_(False), Person.erased_at.is_(None)
            )
        )
    ).one_or_none()
    return None if row is None else Account(*row)


async def person(session: AsyncSession, person_id: int) -> Person | None:
    """The person of this number; none for who may not sign in any more."""
    found = select(Person).where(
        Person.id == person_id, Person.disabled.is_(False), Person.erased_at.is_(None)
    )
    return await session.scalar(found)


async def has_password(session: AsyncSession, person_id: int) -> bool:
    """Whether the person can show a password."""
    mine = select(Person.id).where(Person.id == person_id, Person.password_hash.is_not(None))
    return await session.scalar(mine) is not None


async def set_hash(session: AsyncSession, person_id: int, hashed: str) -> None:
    """Store the same password under the parameters of today."""
    await session.execute(update(Person).where(Person.id == person_id).values(password_hash=hashed))


async def organisations(session: AsyncSession, person_id: int) -> list[int]:
    """The numbers of the organisations that a person belongs to."""
    mine = select(Membership.org_id)  # unscoped: a person's organisations are over all of them
    return list(await session.scalars(mine.where(Membership.person_id == person_id)))

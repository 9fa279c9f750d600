"""Queries about people as they change themselves."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Person


async def person(session: AsyncSession, person_id: int) -> Person:
    return (await session.scalars(select(Person).where(Person.id == person_id))).one()


async def is_taken(session: AsyncSession, email: str) -> bool:
    return await session.scalar(select(Person.id).where(Person.email == email)) is not None


async def has_password(session: AsyncSession, person_id: int) -> bool:
    query = select(Person.id).where(Person.id == person_id, Person.password_hash.is_not(None))
    return await session.scalar(query) is not None

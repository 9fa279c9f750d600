"""Queries about links by mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.ids import digest
from shared.models import MailToken, Person


@dataclass(frozen=True, slots=True)
class Found:
    """A link that can be used, and whose it is. `email`: where it went."""

    id: int
    person_id: int
    person: str
    email: str
    current: str
    name: str


async def find(session: AsyncSession, token: str, kind: str, now: datetime) -> Found | None:
    """The link of this kind that carries `token`; none where it cannot be used (any more).

    One that went to an address that its person has no more is of no use, unless it proves it.
    """
    query: Select[*tuple[Any, ...]] = (
        select(
            MailToken.id,
            MailToken.person_id,
            Person.public_id,
            MailToken.email,
            Person.email,
            Person.name,
        )
        .join(Person, Person.id == MailToken.person_id)
        .where(
            MailToken.token_hash == digest(token),
            MailToken.kind == kind,
            MailToken.used_at.is_(None),
            MailToken.expires_at > now,
            Person.disabled.is_(False),
            Person.erased_at.is_(None),
        )
    )
    row = (await session.execute(query)).one_or_none()
    found = None if row is None else Found(*row)
    if found is not None and kind != "prove" and found.email != found.current:
        return None
    return found


async def use(session: AsyncSession, token_id: int, now: datetime) -> bool:
    """Whether the link was unused until now: of two at once only one hears yes."""
    used = await session.execute(
        update(MailToken)
        .where(MailToken.id == token_id, MailToken.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


async def void(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Whatever links a person has are over."""
    await session.execute(
        update(MailToken)
        .where(MailToken.person_id == person_id, MailToken.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )

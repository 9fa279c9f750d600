"""Queries of single sign-on. Those that find the organisation first are over all of them."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.permissions import OWNER
from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.ids import digest
from shared.models import (
    MailDomain,
    Membership,
    Organisation,
    Person,
    SsoConnection,
    SsoIdentity,
)


async def connection_of_domain(session: AsyncSession, domain: str) -> SsoConnection | None:
    """The provider that people of a proved domain come in by, where there is one and it is on."""
    return await session.scalar(
        select(SsoConnection)  # unscoped: the domain names the organisation
        .join(MailDomain, MailDomain.org_id == SsoConnection.org_id)
        .where(MailDomain.proved == domain, SsoConnection.enabled)
    )


async def connection(session: AsyncSession, public_id: str) -> SsoConnection | None:
    """The provider that somebody was sent to, if it is on."""
    return await session.scalar(
        select(SsoConnection).where(  # unscoped: who comes back is in no organisation yet
            SsoConnection.public_id == public_id, SsoConnection.enabled
        )
    )


async def connection_of(session: AsyncSession, org_id: int) -> SsoConnection | None:
    """The organisation's provider, if it is on."""
    found: SsoConnection | None = await session.scalar(
        scoped(org_id, select(SsoConnection).where(SsoConnection.enabled))
    )
    return found


async def proved_domains(session: AsyncSession, org_id: int) -> frozenset[str]:
    """The mail domains that the organisation has proved."""
    query = select(MailDomain.proved).where(MailDomain.proved.is_not(None))
    return frozenset(one for one in await session.scalars(scoped(org_id, query)) if one is not None)


async def organisation_name(session: AsyncSession, org_id: int) -> str:
    name = await session.scalar(select(Organisation.name).where(Organisation.id == org_id))
    return name or ""


async def person(session: AsyncSession, email: str) -> Person | None:
    """Whose address it is."""
    return await session.scalar(select(Person).where(Person.email == email))


async def person_numbered(session: AsyncSession, person_id: int) -> Person | None:
    return await session.get(Person, person_id)


async def identity(
    session: AsyncSession, org_id: int, issuer: str, subject: str
) -> SsoIdentity | None:
    """Who this is at the organisation's provider."""
    found: SsoIdentity | None = await session.scalar(
        scoped(org_id, select(SsoIdentity)).where(
            SsoIdentity.issuer == issuer, SsoIdentity.subject == subject
        )
    )
    return found


async def identity_of_person(
    session: AsyncSession, org_id: int, issuer: str, person_id: int
) -> SsoIdentity | None:
    """Who the person is at the organisation's provider; locked, so that letters go out in turn."""
    found: SsoIdentity | None = await session.scalar(
        lock_rows(scoped(org_id, select(SsoIdentity))).where(
            SsoIdentity.issuer == issuer, SsoIdentity.person_id == person_id
        )
    )
    return found


async def waiting(
    session: AsyncSession, token: str, now: datetime, *, lock: bool = True
) -> SsoIdentity | None:
    """What the letter with this token confirms, locked. None once it was used or is over."""
    query = select(SsoIdentity).where(  # unscoped: the token names the organisation
        SsoIdentity.token_hash == digest(token), SsoIdentity.expires_at > now
    )
    found: SsoIdentity | None = await session.scalar(lock_rows(query) if lock else query)
    return found


async def forget_waiting(session: AsyncSession, org_id: int, issuer: str, subject: str) -> None:
    """Take back what waits for somebody else's letter: at the provider the address has changed."""
    await session.execute(
        scoped(org_id, delete(SsoIdentity)).where(
            SsoIdentity.issuer == issuer,
            SsoIdentity.subject == subject,
            SsoIdentity.linked_at.is_(None),
        )
    )


async def is_member(session: AsyncSession, org_id: int, person_id: int) -> bool:
    query = scoped(org_id, select(Membership.id).where(Membership.person_id == person_id))
    return await session.scalar(query) is not None


async def demanding(session: AsyncSession, person_id: int) -> list[int]:
    """The organisations of the person's that let those of their mail domain come in by their
    provider alone. Owners may come in any way: a provider that is broken locks nobody out.
    """
    found = await session.scalars(
        select(SsoConnection.org_id)  # unscoped: a person's organisations are over all of them
        .join(Membership, Membership.org_id == SsoConnection.org_id)
        .join(Person, Person.id == Membership.person_id)
        .join(MailDomain, MailDomain.org_id == SsoConnection.org_id)
        .where(
            Membership.person_id == person_id,
            Membership.role != OWNER,
            SsoConnection.enabled,
            SsoConnection.enforced,
            MailDomain.proved.is_not(None),
            Person.email.endswith("@" + MailDomain.proved),
        )
    )
    return list(found)

"""Queries about an organisation's provider, mail domains and linked people."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.models import MailDomain, Organisation, Person, SsoConnection, SsoIdentity

MOST_LINKS = 500


async def hold(session: AsyncSession, org_id: int) -> None:
    """Changes of how an organisation signs in come one behind the other."""
    await session.execute(lock_rows(select(Organisation.id).where(Organisation.id == org_id)))


async def connection(session: AsyncSession, org_id: int) -> SsoConnection | None:
    found: SsoConnection | None = await session.scalar(scoped(org_id, select(SsoConnection)))
    return found


async def domains(session: AsyncSession, org_id: int) -> Sequence[MailDomain]:
    query = scoped(org_id, select(MailDomain)).order_by(MailDomain.domain)
    return (await session.scalars(query)).all()


async def domain(session: AsyncSession, org_id: int, public_id: str) -> MailDomain | None:
    query = scoped(org_id, select(MailDomain).where(MailDomain.public_id == public_id))
    found: MailDomain | None = await session.scalar(query)
    return found


async def is_taken(session: AsyncSession, org_id: int, name: str) -> bool:
    """Whether another organisation has proved the domain."""
    owner = await session.scalar(
        select(MailDomain.org_id).where(MailDomain.proved == name)  # unscoped: over all of them
    )
    return owner is not None and owner != org_id


async def links(
    session: AsyncSession, org_id: int, issuer: str
) -> Sequence[tuple[SsoIdentity, str, str]]:
    """Who is linked at the provider, with name and address, by name."""
    query = (
        select(SsoIdentity, Person.name, Person.email)
        .join(Person, Person.id == SsoIdentity.person_id)
        .where(SsoIdentity.issuer == issuer)
        .order_by(Person.name, SsoIdentity.id)
        .limit(MOST_LINKS)
    )
    rows = await session.execute(scoped(org_id, query))
    return [(link, name, email) for link, name, email in rows]


async def link(session: AsyncSession, org_id: int, public_id: str) -> SsoIdentity | None:
    query = scoped(org_id, select(SsoIdentity).where(SsoIdentity.public_id == public_id))
    found: SsoIdentity | None = await session.scalar(query)
    return found


async def forget_links(session: AsyncSession, org_id: int) -> None:
    """Nobody is linked any more."""
    await session.execute(scoped(org_id, delete(SsoIdentity)))

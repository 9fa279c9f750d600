"""Who comes back from a provider: somebody known, somebody new, or an account that has to agree.

A provider is believed about people of the mail domains that its organisation has proved, and about
nobody else. A new person becomes a member at once. An account that was there before is linked once
its owner agrees by a letter: whoever may set single sign-on could otherwise open any account of
the domain, an owner's too.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.factors.service import second_needed
from apps.administration.sso import repository
from apps.administration.sso.errors import (
    Demanded,
    Kept,
    NotOffered,
    NotShown,
    Refused,
    StartAgain,
)
from apps.administration.sso.rules import Claimed, domain_of
from shared.auth import audit, former
from shared.auth.audit import Origin
from shared.auth.people import UnknownRole, join, permissions_of
from shared.ids import digest, new_secret
from shared.models import Person, SsoConnection, SsoIdentity

LETTER_LASTS = timedelta(minutes=30)
# One letter in this time, however often somebody comes back.
LETTER_EVERY = timedelta(minutes=5)
METHOD = "sso"
# Whoever may do this is an owner in all but name: nobody becomes that by coming in.
NEVER_GIVEN = "organisation:delete"
_OVER = "this link is over, or was used already"
_INVITED_AGAIN = (
    "you are not a member of this organisation any more; ask an administrator for an invitation"
)


@dataclass(frozen=True, slots=True)
class Place:
    """From where somebody comes: the request's number and address, for the audit."""

    request_id: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """They come in."""

    person_id: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Their account has to agree first. `token` is for a letter to `email`; none: one is on its
    way already. `cause` names it.
    """

    organisation: str
    email: str
    token: str | None
    cause: str


async def offered(session: AsyncSession, email: str) -> SsoConnection:
    """The provider for a mail address. Raises `NotOffered`."""
    found = await repository.connection_of_domain(session, domain_of(email))
    if found is None:
        raise NotOffered
    return found


async def gone_to(session: AsyncSession, public_id: str, issuer: str) -> SsoConnection:
    """The provider that somebody was sent to. Raises `StartAgain` where it was switched off,
    removed or replaced meanwhile.
    """
    found = await repository.connection(session, public_id)
    if found is None or found.issuer != issuer:
        raise StartAgain("your organisation has changed its sign-in meanwhile")
    return found


async def proved(session: AsyncSession, connection: SsoConnection) -> frozenset[str]:
    """The mail domains of people whom this provider is believed about."""
    return await repository.proved_domains(session, connection.org_id)


async def arrive(
    session: AsyncSession, connection: SsoConnection, who: Claimed, place: Place, now: datetime
) -> Arrived | Asked:
    """Let in whom the provider knows. Raises `Refused`."""
    org_id, issuer = connection.org_id, connection.issuer
    link = await repository.identity(session, org_id, issuer, who.subject)
    if link is not None and link.linked_at is not None:
        return await _known(session, link, now)
    person = await repository.person(session, who.email)
    if person is None:
        return await _new(session, connection, who, place, now)
    return await _ask(session, connection, who, person, now)


async def check_way(session: AsyncSession, person_id: int, method: str) -> None:
    """Raises `Demanded` where the person's organisation lets them in by its provider alone."""
    if method != METHOD and await repository.demanding(session, person_id):
        raise Demanded


async def check_address(session: AsyncSession, person_id: int, email: str) -> None:
    """Raises `Kept` where with this address the person could come in without a provider that their
    organisation demands.
    """
    for org_id in await repository.demanding(session, person_id):
        if domain_of(email) not in await repository.proved_domains(session, org_id):
            raise Kept


async def addressee(session: AsyncSession, token: str, now: datetime) -> int:
    """The person that the letter with `token` went to. Raises `StartAgain`."""
    link = await repository.waiting(session, token, now, lock=False)
    if link is None:
        raise StartAgain(_OVER)
    return link.person_id


async def agree(
    session: AsyncSession, token: str, place: Place, now: datetime, *, shown: int | None
) -> str:
    """Link the account that the letter with `token` went to; returns the organisation's name.

    `shown`: whose second factor was shown with it. From then on the provider alone opens the
    account: one with a second factor agrees by that too. Raises `StartAgain`, `Refused`,
    `NotShown`.
    """
    link = await repository.waiting(session, token, now)
    connection = await repository.connection_of(session, link.org_id) if link else None
    if link is None or connection is None or connection.issuer != link.issuer:
        raise StartAgain(_OVER)
    person = await _person(session, link)
    if shown != person.id and await second_needed(session, person.id):
        raise NotShown
    member = await repository.is_member(session, link.org_id, person.id)
    if not member:
        await _check_never_left(session, link.org_id, person.email, person.public_id)
    link.token_hash = link.expires_at = None
    link.linked_at = now
    origin = Origin(link.org_id, person.public_id, place.request_id, place.address)
    _note_link(session, origin, link, person, now)
    if not member:
        await _join(session, connection, person, origin, now)
    return await repository.organisation_name(session, link.org_id)


async def _known(session: AsyncSession, link: SsoIdentity, now: datetime) -> Arrived:
    person = await _person(session, link)
    if not await repository.is_member(session, link.org_id, person.id):
        raise Refused(_INVITED_AGAIN)
    link.last_used_at = now
    return Arrived(person.id)


async def _new(
    session: AsyncSession, connection: SsoConnection, who: Claimed, place: Place, now: datetime
) -> Arrived:
    await _check_never_left(session, connection.org_id, who.email)
    await repository.forget_waiting(session, connection.org_id, connection.issuer, who.subject)
    person = Person(email=who.email, name=who.name, created_at=now, mail_proved_at=now)
    session.add(person)
    await session.flush()
    link = SsoIdentity(
        org_id=connection.org_id,
        issuer=connection.issuer,
        subject=who.subject,
        person_id=person.id,
        created_at=now,
        linked_at=now,
        last_used_at=now,
    )
    session.add(link)
    await session.flush()
    origin = Origin(connection.org_id, person.public_id, place.request_id, place.address)
    _note_link(session, origin, link, person, now)
    await _join(session, connection, person, origin, now)
    return Arrived(person.id)


async def _ask(
    session: AsyncSession, connection: SsoConnection, who: Claimed, person: Person, now: datetime
) -> Asked:
    """Ask the account by a letter whether it is the same person."""
    _check_open(person)
    org_id, issuer = connection.org_id, connection.issuer
    if not await repository.is_member(session, org_id, person.id):
        await _check_never_left(session, org_id, person.email, person.public_id)
    link = await repository.identity_of_person(session, org_id, issuer, person.id)
    if link is not None and link.linked_at is not None:
        raise Refused(
            "your mail address belongs to somebody else there so far; ask an administrator to "
            "unlink it"
        )
    name = await repository.organisation_name(session, org_id)
    if link is not None and link.subject == who.subject and now < link.created_at + LETTER_EVERY:
        return Asked(name, person.email, None, "")
    if link is None or link.subject != who.subject:
        await repository.forget_waiting(session, org_id, issuer, who.subject)
    token = new_secret()
    if link is None:
        link = SsoIdentity(org_id=org_id, issuer=issuer, person_id=person.id)
        session.add(link)
    link.subject, link.created_at = who.subject, now
    link.token_hash, link.expires_at = digest(token), now + LETTER_LASTS
    await session.flush()
    return Asked(name, person.email, token, f"sso {link.public_id} {now.isoformat()}")


async def _person(session: AsyncSession, link: SsoIdentity) -> Person:
    """Whose link it is. Raises `Refused` for who may not come in, or is of another domain by now:
    the organisation says nothing about such a person.
    """
    person = await repository.person_numbered(session, link.person_id)
    if person is None:
        raise Refused("there is no such account any more")
    _check_open(person)
    if domain_of(person.email) not in await repository.proved_domains(session, link.org_id):
        raise Refused("your account has a mail address of another domain; sign in in another way")
    return person


async def _check_never_left(
    session: AsyncSession, org_id: int, email: str, person: str = ""
) -> None:
    """Raises `Refused` for who was a member before: the default role may be more than they had."""
    if await former.was_member(session, org_id, email, person):
        raise Refused(_INVITED_AGAIN)


def _check_open(person: Person) -> None:
    if person.disabled or person.erased_at is not None:
        raise Refused("your account is switched off; ask an administrator of your organisation")


async def _join(
    session: AsyncSession, connection: SsoConnection, person: Person, origin: Origin, now: datetime
) -> None:
    await check_role(session, connection.org_id, connection.role)
    member = await join(session, connection.org_id, person.id, connection.role, now)
    after = {"person": person.public_id, "role": connection.role, "by": METHOD}
    audit.record(session, origin, "member.join", member.public_id, at=now, after=after)


async def check_role(session: AsyncSession, org_id: int, role: str) -> None:
    """Raises `Refused` for a role that nobody gets by coming in."""
    try:
        permitted = await permissions_of(session, org_id, role)
    except UnknownRole:
        permitted = frozenset({NEVER_GIVEN})
    if NEVER_GIVEN in permitted:
        raise Refused(
            "the role for new members cannot be given; ask an administrator to choose another"
        )


def _note_link(
    session: AsyncSession, origin: Origin, link: SsoIdentity, person: Person, now: datetime
) -> None:
    after = {"person": person.public_id, "issuer": link.issuer}
    audit.record(session, origin, "sso.link", link.public_id, at=now, after=after)

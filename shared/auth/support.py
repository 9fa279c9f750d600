"""Support: people of the platform who come into an organisation only while it lets them.

Who is of support is said on the platform's own command line (`fortress people support add`); who
lets them in, for how long and with which role, is the organisation's (`support_grant`). What
they do there the audit shows as theirs, with `SUPPORT` before their public id.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.auth.audit import SUPPORT
from shared.auth.permissions import ROLES
from shared.auth.principal import Principal
from shared.db.scope import scoped
from shared.models import AppSession, Membership, Organisation, Person, SignIn, SupportGrant

ROLES_LET_IN: Final = ("viewer", "operator")
LONGEST: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class LetIn:
    """A person of support in an organisation, and what that is called."""

    principal: Principal
    organisation: str


def _active(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (SupportGrant.revoked_at.is_(None), SupportGrant.expires_at > now)


def _is_support(person_id: int) -> ColumnElement[bool]:
    of_support = select(Person.id).where(Person.support_since.is_not(None))
    return exists(of_support.where(Person.id == person_id).correlate(None))


def until(org_id: InstrumentedAttribute[int | None], now: datetime) -> ColumnElement[datetime]:
    """Part of a statement: until when the organisation in this column lets support in."""
    return (
        select(func.max(SupportGrant.expires_at))  # unscoped: by the column that is compared
        .where(SupportGrant.org_id == org_id, *_active(now))
        .scalar_subquery()
    )


async def role_in(session: AsyncSession, org_id: int, now: datetime) -> str | None:
    """With which role support may come in; none: not at all."""
    query = select(SupportGrant.role).where(*_active(now)).order_by(SupportGrant.id.desc()).limit(1)
    role: str | None = await session.scalar(scoped(org_id, query))
    return role if role in ROLES_LET_IN else None


async def principal(
    session: AsyncSession, org_id: int, person_id: int, now: datetime
) -> LetIn | None:
    """A person of support in an organisation, if it lets support in. The sign-in is not set."""
    role = await role_in(session, org_id, now)
    person = await session.scalar(
        select(Person.public_id).where(Person.id == person_id, Person.support_since.is_not(None))
    )
    if role is None or person is None:
        return None
    found = (await session.scalars(select(Organisation).where(Organisation.id == org_id))).one()
    made = Principal(
        org_id=org_id,
        org_public_id=found.public_id,
        actor=f"{SUPPORT}{person}",
        permissions=ROLES[role],
        person_id=person_id,
        support=True,
    )
    return LetIn(made, found.name)


async def comes_into(
    session: AsyncSession, person_id: int, organisation: str, now: datetime
) -> Principal | None:
    """Who one is as support in an organisation (a public id); none: a member, or not let in."""
    member = exists().where(Membership.org_id == Organisation.id, Membership.person_id == person_id)
    org_id = await session.scalar(
        select(Organisation.id).where(Organisation.public_id == organisation, ~member)
    )
    found = None if org_id is None else await principal(session, org_id, person_id, now)
    return None if found is None else found.principal


async def organisations(
    session: AsyncSession, person_id: int, now: datetime
) -> list[tuple[int, str, str, str]]:
    """Number, public id and name of what a person of support may come into, and the role there."""
    rows = await session.execute(
        select(  # unscoped: those that let support in, over all of them
            Organisation.id, Organisation.public_id, Organisation.name, SupportGrant.role
        )
        .join(SupportGrant, SupportGrant.org_id == Organisation.id)
        .where(_is_support(person_id), *_active(now))
        .order_by(Organisation.name, Organisation.id, SupportGrant.id)
    )
    return list({row[0]: (row[0], row[1], row[2], row[3]) for row in rows}.values())


async def last_seen_in(session: AsyncSession, sign_in_id: int, now: datetime) -> int | None:
    """The organisation that a person of support last looked at, if it lets them in still."""
    last = await session.scalar(
        select(AppSession.org_id)  # unscoped: of one sign-in, over organisations
        .join(SignIn, SignIn.id == AppSession.sign_in_id)
        .join(Person, Person.id == SignIn.person_id)
        .where(AppSession.sign_in_id == sign_in_id, Person.support_since.is_not(None))
        .order_by(AppSession.seen_at.desc(), AppSession.id.desc())
        .limit(1)
    )
    return last if last is not None and await role_in(session, last, now) else None

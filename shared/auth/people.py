"""Who belongs to an organisation, with which role, and what an organisation always has: an owner.

Auditing is the caller's: each change says what was before it.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import former, limits, sessions, support
from shared.auth.permissions import OWNER, ROLES, excess, permitted
from shared.auth.principal import Principal
from shared.db.dialect import lock_rows, share_rows
from shared.db.scope import scoped
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.models import Membership, Organisation, Person, Role
from shared.models.people import LONGEST_EMAIL


class LastOwner(Conflict):
    code = "last_owner"
    title = "An organisation needs an owner"


class NoSuchMembership(NotFound):
    code = "no_such_membership"
    title = "There is no such member"


class NoAddress(Invalid):
    code = "no_mail_address"
    title = "This is no mail address"


class UnknownRole(Invalid):
    code = "unknown_role"
    title = "There is no such role"


class OwnersSeeAll(Conflict):
    code = "owners_see_all"
    title = "An owner sees all devices"


class UnknownGroup(Invalid):
    code = "unknown_group"
    title = "There is no such group of devices"


class Exceeds(Forbidden):
    code = "exceeds_own_permissions"
    title = "That is more than you may do yourself"


_ANOTHER = "make somebody else an owner first"
_ROLE = re.compile(r"role_[0-9A-Z]{26}")
# What can be sent to, not all that RFC 5321 allows: no quotes, no comments, no literal addresses.
_ADDRESS = re.compile(
    r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\\\]\ud800-\udfff]{1,64}"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][^\W_]+"
)


@dataclass(frozen=True, slots=True)
class Belongs:
    """An organisation that a person belongs to, by its public id."""

    organisation: str
    name: str
    role: str


def leaves_an_owner(owners: Iterable[int], without: int) -> bool:
    """Whether, of the people who own an organisation, one is left once `without` is none.

    True too where `without` is no owner: then nothing gets worse.
    """
    every = set(owners)
    return without not in every or len(every) > 1


def address_of(text: str) -> str:
    """A mail address as it is stored: in lower case. Raises `NoAddress`."""
    address = text.strip().lower()
    if len(address) > LONGEST_EMAIL or _ADDRESS.fullmatch(address) is None:
        raise NoAddress("write a mail address, as in name@example.com")
    return address


async def belongs_to(
    session: AsyncSession, person_id: int, now: datetime | None = None
) -> list[Belongs]:
    """The organisations of a person, by name: what a switcher shows.

    With `now`, those that let support in then come behind them, for a person of support.
    """
    rows = await session.execute(
        select(  # unscoped: a person's organisations are over all of them
            Organisation.public_id, Organisation.name, Membership.role
        )
        .join(Organisation, Organisation.id == Membership.org_id)
        .where(Membership.person_id == person_id)
        .order_by(Organisation.name, Organisation.id)
    )
    own = [Belongs(*row) for row in rows]
    if now is None:
        return own
    members = {one.organisation for one in own}
    open_to = await support.organisations(session, person_id, now)
    return own + [Belongs(*one[1:]) for one in open_to if one[1] not in members]


async def permissions_of(session: AsyncSession, org_id: int, role: str) -> frozenset[str]:
    """What a role of an organisation permits. Raises `UnknownRole`."""
    if role in ROLES:
        return ROLES[role]
    query = scoped(org_id, select(Role.permissions).where(Role.public_id == role))
    custom = await session.scalar(query) if _ROLE.fullmatch(role) else None
    if custom is None:
        raise UnknownRole(f"there is no role {role!a}; use one of {', '.join(ROLES)}, or your own")
    return permitted(role, custom)


async def check_grant(session: AsyncSession, by: Principal, role: str) -> None:
    """Raises `Exceeds` where `role` may do what `by` may not, `UnknownRole`."""
    wanted = await permissions_of(session, by.org_id, role)
    if more := excess(wanted, by.permissions):
        raise Exceeds(f"you may not {more[0]} yourself; ask an owner")


async def join(
    session: AsyncSession, org_id: int, person_id: int, role: str, now: datetime
) -> Membership:
    """Make a person a member, one who was before too; one who is already stays as they are."""
    mine = scoped(org_id, select(Membership).where(Membership.person_id == person_id))
    found = await session.scalar(mine)
    if found is None:
        found = Membership(org_id=org_id, person_id=person_id, role=role, created_at=now)
        session.add(found)
        await session.flush()
        await former.forget(session, org_id, person_id)
    return found


async def set_role(session: AsyncSession, by: Principal, membership: str, role: str) -> str:
    """Give a member (a public id) another role; returns the one before. An owner is limited to no
    groups of devices.

    Raises `NoSuchMembership`, `UnknownRole`, `Exceeds` where the role before or after may do what
    `by` may not, `LastOwner`.
    """
    await _hold(session, by.org_id)
    await check_grant(session, by, role)
    owners = await _owners(session, by.org_id)
    person_id, before = await _member(session, by, membership)
    if role != OWNER:
        _check_owner_left(owners, person_id)
    else:
        await limits.lift(session, by.org_id, membership)
    await session.execute(
        scoped(by.org_id, update(Membership))
        .where(Membership.public_id == membership)
        .values(role=role)
    )
    return before


async def remove(session: AsyncSession, by: Principal, membership: str, now: datetime) -> str:
    """End a membership (a public id), and with it all access at once; returns the role it had. A
    provider does not bring them back by itself.

    Raises `NoSuchMembership`, `Exceeds` where that role may do what `by` may not, `LastOwner`. A
    person may always remove themselves: that is leaving.
    """
    await _hold(session, by.org_id)
    owners = await _owners(session, by.org_id)
    person_id, before = await _member(session, by, membership)
    _check_owner_left(owners, person_id)
    await limits.lift(session, by.org_id, membership)
    await session.execute(
        scoped(by.org_id, delete(Membership)).where(Membership.public_id == membership)
    )
    await former.note(session, by.org_id, person_id, now)
    return before


async def set_groups(
    session: AsyncSession, by: Principal, membership: str, groups: Collection[str]
) -> list[str]:
    """Limit a member (a public id) to the devices of `groups` (public ids), or to none: then they
    see all. Returns the groups before.

    Raises `NoSuchMembership`, `UnknownGroup`, `OwnersSeeAll`, `Exceeds` where their role may do
    what `by` may not.
    """
    await _hold(session, by.org_id)
    _, role = await _member(session, by, membership)
    if role == OWNER and groups:
        raise OwnersSeeAll("give them another role first, then limit them to groups")
    before = await limits.groups_of(session, by.org_id, membership)
    if unknown := await limits.set_to(session, by.org_id, membership, groups):
        raise UnknownGroup(f"there is no group {unknown[0]!a}; load the page again")
    return before


async def disable(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Let a person in nowhere any more, from now on. Raises `LastOwner`."""
    # In one order, so that two wait in turn.
    in_all = (
        select(Membership.org_id)  # unscoped: a person's organisations are over all of them
        .where(Membership.person_id == person_id)
        .order_by(Membership.org_id)
    )
    for org_id in (await session.scalars(in_all)).all():
        await _hold(session, org_id)
    await session.execute(update(Person).where(Person.id == person_id).values(disabled=True))
    # Read again, and locked: what came meanwhile counts.
    owned = lock_rows(in_all.where(Membership.role == OWNER))
    for org_id in (await session.scalars(owned)).all():
        if not await _owners(session, org_id):
            raise LastOwner(_ANOTHER)
    await sessions.end_all(session, person_id, now)


async def _hold(session: AsyncSession, org_id: int) -> None:
    """Changes of who owns an organisation come one behind the other."""
    await session.execute(lock_rows(select(Organisation.id).where(Organisation.id == org_id)))


async def _owners(session: AsyncSession, org_id: int) -> list[int]:
    """The people who own an organisation and can sign in: as they are now, whatever this
    transaction saw before it was its turn.
    """
    query = (
        select(Membership.person_id)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.role == OWNER, Person.disabled.is_(False), Person.erased_at.is_(None))
    )
    return list(await session.scalars(share_rows(scoped(org_id, query))))


async def _member(session: AsyncSession, by: Principal, membership: str) -> tuple[int, str]:
    """Whose membership it is, and the role, which may do no more than `by`."""
    query = scoped(
        by.org_id,
        select(Membership.person_id, Membership.role).where(Membership.public_id == membership),
    )
    row = (await session.execute(lock_rows(query))).one_or_none()
    if row is None:
        raise NoSuchMembership(f"there is no member {membership!a} in this organisation")
    if row.person_id != by.person_id and await _exists(session, by.org_id, row.role):
        await check_grant(session, by, row.role)
    return row.person_id, row.role


async def _exists(session: AsyncSession, org_id: int, role: str) -> bool:
    try:
        await permissions_of(session, org_id, role)
    except UnknownRole:  # it was deleted: who has it may do nothing
        return False
    return True


def _check_owner_left(owners: Iterable[int], without: int) -> None:
    if not leaves_an_owner(owners, without):
        raise LastOwner(_ANOTHER)

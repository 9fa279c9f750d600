"""Groups of devices that limit what a member sees.

A device outside of a member's groups is not there for them: it is not found, not listed and not
counted. Keys are not limited.
"""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Delete, Select, Update, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.auth.principal import Sight
from shared.db.scope import scoped
from shared.errors import Forbidden
from shared.models import DeviceGroup, DeviceGroupDevice, Membership, MembershipGroup, SignIn

# Select[*tuple[Any, ...]]: a select of any columns.
Statement = TypeVar("Statement", bound=Select[*tuple[Any, ...]] | Update | Delete)
Limits = frozenset[int] | None
"""Numbers of groups; none: no limit."""


class Limited(Forbidden):
    code = "limited_to_groups"
    title = "You see some devices only"


def require_all(sight: Sight) -> None:
    """For what is of all devices together. Raises `Limited`."""
    if sight.groups is not None:
        raise Limited("this is of all devices, and you see those of your groups; ask an owner")


def narrow(sight: Sight, statement: Statement, device_id: InstrumentedAttribute[Any]) -> Statement:
    """`statement` on what the organisation has, limited to the devices that are seen.

    `device_id`: the column in which the statement has the number of a device.
    """
    if sight.groups is None:
        return statement
    seen = select(DeviceGroupDevice.device_id).where(DeviceGroupDevice.group_id.in_(sight.groups))
    limited: Any = statement  # each kind's `where` returns its own kind
    return limited.where(device_id.in_(scoped(sight.org_id, seen)))  # type: ignore[no-any-return]  # as above


def is_limited(membership_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether the member of a row is limited: for a statement that has memberships."""
    limit = select(MembershipGroup.group_id)  # unscoped: the membership is an organisation's
    return exists(limit.where(MembershipGroup.membership_id == membership_id))


async def of_member(session: AsyncSession, org_id: int, person_id: int) -> Limits:
    """The groups that a member is limited to."""
    query = (
        select(MembershipGroup.group_id)
        .join(Membership, Membership.id == MembershipGroup.membership_id)
        .where(Membership.person_id == person_id)
    )
    return frozenset(await session.scalars(scoped(org_id, query))) or None


async def of_sign_ins(
    session: AsyncSession, org_id: int, sign_in_ids: Collection[int]
) -> dict[int, Limits]:
    """Sign-in → the groups that its person is limited to in the organisation."""
    query = (
        select(MembershipGroup.group_id, SignIn.id.label("sign_in"))
        .join(Membership, Membership.id == MembershipGroup.membership_id)
        .join(SignIn, SignIn.person_id == Membership.person_id)
        .where(SignIn.id.in_(sign_in_ids))
    )
    found: dict[int, set[int]] = {}
    for group_id, sign_in in await session.execute(scoped(org_id, query)):
        found.setdefault(sign_in, set()).add(group_id)
    return {one: frozenset(found[one]) if one in found else None for one in sign_in_ids}


async def groups_of(session: AsyncSession, org_id: int, membership: str) -> list[str]:
    """The public ids of the groups that a member (a public id) is limited to, in order."""
    query = (
        select(DeviceGroup.public_id)
        .join(MembershipGroup, MembershipGroup.group_id == DeviceGroup.id)
        .join(Membership, Membership.id == MembershipGroup.membership_id)
        .where(Membership.public_id == membership)
        .order_by(DeviceGroup.public_id)
    )
    return list(await session.scalars(scoped(org_id, query)))


async def set_to(
    session: AsyncSession, org_id: int, membership: str, groups: Collection[str]
) -> list[str]:
    """Limit a member to exactly `groups`; returns those that do not exist: then nothing is done."""
    query = select(DeviceGroup.public_id, DeviceGroup.id).where(DeviceGroup.public_id.in_(groups))
    found = {row[0]: row[1] for row in await session.execute(scoped(org_id, query))}
    if unknown := sorted(set(groups) - found.keys()):
        return unknown
    member = select(Membership.id).where(Membership.public_id == membership)
    number = (await session.scalars(scoped(org_id, member))).one()
    await lift(session, org_id, membership)
    session.add_all(
        MembershipGroup(org_id=org_id, membership_id=number, group_id=group_id)
        for group_id in sorted(found.values())
    )
    await session.flush()
    return []


async def lift(session: AsyncSession, org_id: int, membership: str) -> None:
    """Limit a member (a public id) to nothing any more."""
    member = scoped(org_id, select(Membership.id).where(Membership.public_id == membership))
    mine = delete(MembershipGroup).where(MembershipGroup.membership_id.in_(member))
    # Nothing of it is loaded: sessions need not look for rows to forget.
    await session.execute(scoped(org_id, mine).execution_options(synchronize_session=False))


def join_groups(session: AsyncSession, sight: Sight, device_ids: Collection[int]) -> None:
    """What somebody who is limited registers is in each of their groups: they go on seeing it."""
    session.add_all(
        DeviceGroupDevice(org_id=sight.org_id, group_id=group_id, device_id=device_id)
        for group_id in sorted(sight.groups or ())
        for device_id in device_ids
    )

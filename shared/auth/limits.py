"""Groups of devices that limit what a member sees.

A device outside of a member's groups is not there for them: it is not found, not listed and not
counted. Keys are not limited.
"""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Delete, Select, Update, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.auth.principal import Sight
from shared.db.scope import scoped
from shared.errors import Forbidden
from shared.models import DeviceGroupDevice, Membership, MembershipGroup, SignIn

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


def join_groups(session: AsyncSession, sight: Sight, device_ids: Collection[int]) -> None:
    """What somebody who is limited registers is in each of their groups: they go on seeing it."""
    session.add_all(
        DeviceGroupDevice(org_id=sight.org_id, group_id=group_id, device_id=device_id)
        for group_id in sorted(sight.groups or ())
        for device_id in device_ids
    )

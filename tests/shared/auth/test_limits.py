"""Members who are limited to groups of devices."""

import pytest
from sqlalchemy import select

from shared.auth import limits, people, sessions
from shared.auth.people import OwnersSeeAll, UnknownGroup
from shared.auth.permissions import BEYOND_GROUPS, ROLES
from shared.auth.principal import Principal, Sight
from shared.clock import SystemClock
from shared.db import Database
from shared.db.scope import scoped
from shared.models import Device, DeviceGroup
from tests.support.builders import Tenant, make_device, make_group, make_tenant
from tests.support.people import LIFETIMES, make_member, sign_in


def owner_of(tenant: Tenant) -> Principal:
    return Principal(tenant.id, tenant.public_id, "usr_owner", ROLES["owner"])


async def principal(database: Database, tenant: Tenant, role: str, *groups: str) -> Principal:
    """A member with a role, limited to groups, as they are known in an app."""
    person, membership = await make_member(database, tenant, role)
    async with database.unit_of_work() as session:
        await people.set_groups(session, owner_of(tenant), membership, groups)
    now = SystemClock().now()
    made = await sign_in(database, person, now, "api")
    async with database.read() as session:
        found = await sessions.find(session, made.token, "api", now, lifetimes=LIFETIMES)
    assert found is not None
    assert found.principal is not None
    return found.principal


async def uids(database: Database, sight: Sight) -> set[str]:
    """The devices that are seen."""
    query = scoped(sight.org_id, select(Device.uid))
    async with database.read() as session:
        return set(await session.scalars(limits.narrow(sight, query, Device.id)))


async def test_who_is_limited_sees_the_devices_of_their_groups(database: Database) -> None:
    tenant = await make_tenant(database)
    one, two, _ = [await make_device(database, tenant) for _ in range(3)]
    groups = [await make_group(database, tenant, device) for device in (one, two)]
    found = await principal(database, tenant, "operator", *groups)
    assert await uids(database, found.sight) == {one.uid, two.uid}


async def test_who_is_limited_to_nothing_sees_all(database: Database) -> None:
    tenant = await make_tenant(database)
    device = await make_device(database, tenant)
    found = await principal(database, tenant, "operator")
    assert found.groups is None
    assert await uids(database, found.sight) == {device.uid}


async def test_an_empty_group_shows_nothing(database: Database) -> None:
    tenant = await make_tenant(database)
    await make_device(database, tenant)
    found = await principal(database, tenant, "viewer", await make_group(database, tenant))
    assert await uids(database, found.sight) == set()


async def test_who_is_limited_may_not_get_round_it(database: Database) -> None:
    tenant = await make_tenant(database)
    group = await make_group(database, tenant)
    found = await principal(database, tenant, "administrator", group)
    assert found.permissions == ROLES["administrator"] - BEYOND_GROUPS


async def test_an_owner_is_not_limited(database: Database) -> None:
    tenant = await make_tenant(database)
    group = await make_group(database, tenant)
    _, membership = await make_member(database, tenant, "owner")
    with pytest.raises(OwnersSeeAll):
        async with database.unit_of_work() as session:
            await people.set_groups(session, owner_of(tenant), membership, [group])


async def test_who_becomes_an_owner_is_not_limited_any_more(database: Database) -> None:
    tenant = await make_tenant(database)
    group = await make_group(database, tenant)
    _, membership = await make_member(database, tenant, "viewer")
    async with database.unit_of_work() as session:
        await people.set_groups(session, owner_of(tenant), membership, [group])
        await people.set_role(session, owner_of(tenant), membership, "owner")
    async with database.read() as session:
        assert await limits.groups_of(session, tenant.id, membership) == []


async def test_a_group_of_another_organisation_is_unknown(database: Database) -> None:
    tenant, other = await make_tenant(database), await make_tenant(database)
    group = await make_group(database, other)
    _, membership = await make_member(database, tenant, "viewer")
    with pytest.raises(UnknownGroup):
        async with database.unit_of_work() as session:
            await people.set_groups(session, owner_of(tenant), membership, [group])


async def test_who_was_limited_can_be_removed(database: Database) -> None:
    tenant = await make_tenant(database)
    group = await make_group(database, tenant)
    _, membership = await make_member(database, tenant, "viewer")
    async with database.unit_of_work() as session:
        await people.set_groups(session, owner_of(tenant), membership, [group])
        await people.remove(session, owner_of(tenant), membership, SystemClock().now())
    async with database.read() as session:
        left = scoped(tenant.id, select(DeviceGroup.public_id))
        assert list(await session.scalars(left)) == [group]


async def test_what_a_limited_member_registers_is_in_their_groups(database: Database) -> None:
    tenant = await make_tenant(database)
    groups = [await make_group(database, tenant) for _ in range(2)]
    found = await principal(database, tenant, "operator", *groups)
    device = await make_device(database, tenant)
    async with database.unit_of_work() as session:
        limits.join_groups(session, found.sight, [device.id])
    assert await uids(database, found.sight) == {device.uid}

"""Who belongs to an organisation; it always has an owner."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from shared.auth import people, sessions
from shared.auth.people import (
    Exceeds,
    LastOwner,
    NoAddress,
    NoSuchMembership,
    UnknownRole,
    address_of,
    leaves_an_owner,
)
from shared.auth.permissions import ROLES
from shared.auth.principal import Principal
from shared.clock import SystemClock
from shared.db import Database, scoped
from shared.errors import DomainError
from shared.models import Membership, Person, Role
from tests.support.builders import Tenant, make_tenant
from tests.support.people import MadePerson, add_member, make_member, make_person, sign_in

NOW = SystemClock().now()
PEOPLE = st.lists(st.integers(1, 9))


def acting(tenant: Tenant, role: str, person: MadePerson | None = None) -> Principal:
    """Somebody with a built-in role."""
    return Principal(
        tenant.id,
        tenant.public_id,
        "usr_X",
        ROLES[role],
        person_id=person.id if person else 0,
        fresh_at=NOW,
    )


async def set_role(database: Database, by: Principal, membership: str, role: str) -> str:
    async with database.unit_of_work() as session:
        return await people.set_role(session, by, membership, role)


async def remove(database: Database, by: Principal, membership: str) -> str:
    async with database.unit_of_work() as session:
        return await people.remove(session, by, membership, NOW)


async def disable(database: Database, person: MadePerson) -> None:
    async with database.unit_of_work() as session:
        await people.disable(session, person.id, NOW)


async def owners(database: Database, tenant: Tenant) -> int:
    """How many people own it and can sign in."""
    query = (
        select(func.count(Membership.id))
        .join(Person)
        .where(Membership.role == "owner", Person.disabled.is_(False))
    )
    async with database.read() as session:
        return await session.scalar(query.where(Membership.org_id == tenant.id)) or 0


async def role_of(database: Database, tenant: Tenant, membership: str) -> str | None:
    async with database.read() as session:
        mine = select(Membership.role).where(Membership.public_id == membership)
        return await session.scalar(scoped(tenant.id, mine))


@given(PEOPLE, st.integers(1, 9))
def test_an_owner_is_left_or_none_is_taken(every: list[int], without: int) -> None:
    left = set(every) - {without}
    assert leaves_an_owner(every, without) == (bool(left) or without not in every)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Some.Body@Example.COM", "some.body@example.com"),
        (" a+b@sub.example.org ", "a+b@sub.example.org"),
        ("d\u00f6rte@b\u00fccher.example", "d\u00f6rte@b\u00fccher.example"),
    ],
)
def test_an_address_is_kept_in_lower_case(text: str, address: str) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b",
        "a@b@example.com",
        "a b@example.com",
        "a@example..com",
        "a@-example.com",
        "a@example.com\nBcc: b@example.com",
        '"a"@example.com',
        "<a@example.com>",
        "a@example.com,b@example.com",
        "a@[192.0.2.7]",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 250}.com",
        "\ud800@example.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NoAddress):
        address_of(text)


@given(st.text(max_size=300))
def test_what_is_taken_as_an_address_stays_as_it_is_when_taken_again(text: str) -> None:
    try:
        taken = address_of(text)
    except NoAddress:
        return
    assert address_of(taken) == taken


async def test_a_member_gets_another_role(database: Database) -> None:
    tenant = await make_tenant(database)
    _, membership = await make_member(database, tenant, "viewer")
    assert await set_role(database, acting(tenant, "administrator"), membership, "analyst") == (
        "viewer"
    )
    assert await role_of(database, tenant, membership) == "analyst"


async def test_the_last_owner_cannot_be_demoted_leave_or_be_disabled(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "owner")
    by = acting(tenant, "owner", person)
    for change in (
        set_role(database, by, membership, "administrator"),
        remove(database, by, membership),
        disable(database, person),
    ):
        with pytest.raises(LastOwner, match="somebody else an owner first"):
            await change
    assert await owners(database, tenant) == 1


async def test_the_last_owner_may_be_made_an_owner_again(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "owner")
    assert await set_role(database, acting(tenant, "owner", person), membership, "owner")


async def test_one_of_two_owners_may_leave(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "owner")
    await make_member(database, tenant, "owner")
    assert await remove(database, acting(tenant, "owner", person), membership) == "owner"
    assert await owners(database, tenant) == 1


async def test_an_owner_who_is_disabled_does_not_count(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "owner")
    other, _ = await make_member(database, tenant, "owner")
    await disable(database, other)
    with pytest.raises(LastOwner):
        await remove(database, acting(tenant, "owner", person), membership)


async def test_who_owns_one_of_several_organisations_alone_is_not_disabled(
    database: Database,
) -> None:
    shared, own = await make_tenant(database), await make_tenant(database)
    person, _ = await make_member(database, shared, "owner")
    await make_member(database, shared, "owner")
    await add_member(database, own, person, "owner")
    with pytest.raises(LastOwner):
        await disable(database, person)


async def test_disabling_a_person_ends_what_they_are_signed_in_with(database: Database) -> None:
    person, _ = await make_member(database, await make_tenant(database), "viewer")
    made = await sign_in(database, person, NOW)
    await disable(database, person)
    async with database.unit_of_work() as session:
        assert not await sessions.end_one(session, person.id, made.public_id, NOW)


@pytest.mark.parametrize("way", ["demote", "remove", "disable", "mixed"])
async def test_of_two_owners_who_go_at_once_one_stays(database: Database, way: str) -> None:
    """Two transactions, each of which alone would be right."""
    tenant = await make_tenant(database)
    made = [await make_member(database, tenant, "owner") for _ in range(2)]
    by = acting(tenant, "owner")
    ways: dict[str, list[Coroutine[Any, Any, object]]] = {
        "demote": [set_role(database, by, membership, "viewer") for _, membership in made],
        "remove": [remove(database, by, membership) for _, membership in made],
        "disable": [disable(database, person) for person, _ in made],
        "mixed": [remove(database, by, made[0][1]), disable(database, made[1][0])],
    }
    wanted = ways.pop(way)
    for unwanted in (one for some in ways.values() for one in some):
        unwanted.close()
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert sum(isinstance(answer, LastOwner) for answer in answers) == 1
    assert await owners(database, tenant) == 1


async def test_the_second_of_two_changes_waits_for_the_first(database: Database) -> None:
    """The first is held open between its look and its commit."""
    tenant = await make_tenant(database)
    made = [await make_member(database, tenant, "owner") for _ in range(2)]
    by = acting(tenant, "owner")
    async with database.unit_of_work() as session:
        await people.remove(session, by, made[0][1], NOW)
        second = asyncio.create_task(remove(database, by, made[1][1]))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
    with pytest.raises(LastOwner):
        await second


@pytest.mark.parametrize(
    ("role", "of", "to"),
    [
        ("administrator", "viewer", "owner"),
        ("administrator", "owner", "viewer"),
        ("operator", "viewer", "administrator"),
    ],
)
async def test_nobody_gives_or_takes_more_than_they_have(
    database: Database, role: str, of: str, to: str
) -> None:
    tenant = await make_tenant(database)
    await make_member(database, tenant, "owner")
    _, membership = await make_member(database, tenant, of)
    with pytest.raises(Exceeds, match="you may not"):
        await set_role(database, acting(tenant, role), membership, to)
    assert await role_of(database, tenant, membership) == of


async def test_an_administrator_removes_no_owner(database: Database) -> None:
    tenant = await make_tenant(database)
    await make_member(database, tenant, "owner")
    _, membership = await make_member(database, tenant, "owner")
    with pytest.raises(Exceeds):
        await remove(database, acting(tenant, "administrator"), membership)


async def test_a_viewer_may_leave(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "viewer")
    await remove(database, acting(tenant, "viewer", person), membership)
    assert await role_of(database, tenant, membership) is None


@pytest.mark.parametrize("change", ["set_role", "remove"])
async def test_a_member_of_another_organisation_is_not_there(
    database: Database, change: str
) -> None:
    tenant, other = await make_tenant(database), await make_tenant(database)
    _, membership = await make_member(database, other, "viewer")
    by = acting(tenant, "owner")
    with pytest.raises(NoSuchMembership):
        await (
            remove(database, by, membership)
            if change == "remove"
            else set_role(database, by, membership, "finance")
        )
    assert await role_of(database, other, membership) == "viewer"


async def make_role(database: Database, tenant: Tenant, permissions: list[str]) -> str:
    role = Role(org_id=tenant.id, name="own", permissions=permissions, created_at=NOW)
    async with database.unit_of_work() as session:
        session.add(role)
    return role.public_id


async def test_a_role_of_the_organisations_own_can_be_given(database: Database) -> None:
    tenant = await make_tenant(database)
    _, membership = await make_member(database, tenant, "viewer")
    role = await make_role(database, tenant, ["usage:read"])
    await set_role(database, acting(tenant, "administrator"), membership, role)
    assert await role_of(database, tenant, membership) == role
    await set_role(database, acting(tenant, "administrator"), membership, "viewer")


async def test_a_role_that_exceeds_ones_own_cannot_be_given(database: Database) -> None:
    tenant = await make_tenant(database)
    _, membership = await make_member(database, tenant, "viewer")
    role = await make_role(database, tenant, ["organisation:delete"])
    with pytest.raises(Exceeds):
        await set_role(database, acting(tenant, "administrator"), membership, role)


@pytest.mark.parametrize("role", ["", "Owner", "role_X", "\ud800"])
async def test_a_role_that_is_not_there_cannot_be_given(database: Database, role: str) -> None:
    tenant = await make_tenant(database)
    _, membership = await make_member(database, tenant, "viewer")
    with pytest.raises(UnknownRole):
        await set_role(database, acting(tenant, "owner"), membership, role)


async def test_the_role_of_another_organisation_cannot_be_given(database: Database) -> None:
    tenant, other = await make_tenant(database), await make_tenant(database)
    _, membership = await make_member(database, tenant, "viewer")
    role = await make_role(database, other, ["usage:read"])
    with pytest.raises(UnknownRole):
        await set_role(database, acting(tenant, "owner"), membership, role)


async def test_who_has_a_role_that_is_gone_can_be_given_another(database: Database) -> None:
    tenant = await make_tenant(database)
    _, membership = await make_member(database, tenant, "role_GONE")
    assert await set_role(database, acting(tenant, "owner"), membership, "viewer") == "role_GONE"


async def test_joining_again_changes_nothing(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "viewer")
    assert await add_member(database, tenant, person, "owner") == membership
    assert await role_of(database, tenant, membership) == "viewer"


async def test_a_person_sees_the_organisations_they_belong_to(database: Database) -> None:
    tenants = [await make_tenant(database) for _ in range(2)]
    person = await make_person(database)
    for tenant in tenants:
        await add_member(database, tenant, person, "analyst")
    async with database.read() as session:
        found = await people.belongs_to(session, person.id)
    assert {(one.organisation, one.role) for one in found} == {
        (tenant.public_id, "analyst") for tenant in tenants
    }


def test_what_is_refused_is_an_expected_failure() -> None:
    assert issubclass(LastOwner, DomainError)

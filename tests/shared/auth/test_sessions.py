"""Sign-ins and sessions: how long they live, what ends them, and what they let do."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from shared.auth import sessions
from shared.auth.permissions import ROLES
from shared.auth.sessions import SEEN_STEP, SignedIn
from shared.db import Database
from shared.ids import digest
from shared.models import AppSession, Membership, Person, Role, SignIn
from shared.web.settings import WebSettings
from tests.support.builders import make_tenant
from tests.support.people import (
    LIFETIMES,
    MadePerson,
    add_member,
    make_member,
    make_person,
    sign_in,
)

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
APP = "administration"
SECOND = timedelta(seconds=1)


async def find(
    database: Database, token: str, now: datetime = NOW, app: str = APP
) -> SignedIn | None:
    async with database.read() as session:
        return await sessions.find(session, token, app, now, lifetimes=LIFETIMES)


async def found(database: Database, token: str, now: datetime = NOW, app: str = APP) -> SignedIn:
    signed_in = await find(database, token, now, app)
    assert signed_in is not None
    return signed_in


async def touch(database: Database, token: str, now: datetime) -> None:
    signed_in = await found(database, token, now)
    async with database.unit_of_work() as session:
        await sessions.touch(session, signed_in, now)


def test_how_long_they_last_can_be_set() -> None:
    assert WebSettings().lifetimes == LIFETIMES
    assert WebSettings(session_idle_h=1).lifetimes.idle == timedelta(hours=1)


async def test_a_session_says_who_it_is_and_what_they_may_do(database: Database) -> None:
    tenant = await make_tenant(database)
    person, _ = await make_member(database, tenant, "operator")
    made = await sign_in(database, person, NOW)
    signed_in = await found(database, made.token)
    principal = signed_in.principal
    assert (signed_in.email, signed_in.sign_in_public_id) == (person.email, made.public_id)
    assert principal is not None
    assert (principal.org_id, principal.org_public_id) == (tenant.id, tenant.public_id)
    assert (principal.actor, principal.person_id) == (person.public_id, person.id)
    assert principal.permissions == ROLES["operator"]
    assert (principal.key_id, principal.sign_in_id) == (None, made.id)
    assert principal.fresh_at == NOW


async def test_no_token_is_stored(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    async with database.read() as session:
        row = await session.scalar(select(AppSession).where(AppSession.sign_in_id == made.id))
    assert row is not None
    assert row.token_hash == digest(made.token)


@pytest.mark.parametrize("app", ["billing", "", "Administration"])
async def test_a_token_is_of_one_app(database: Database, app: str) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    assert await find(database, made.token, app=app) is None


@pytest.mark.parametrize("token", ["", "x", "fk_0123456789_abc", "\u00e9" * 43])
async def test_an_unknown_token_is_nobodys(database: Database, token: str) -> None:
    assert await find(database, token) is None


async def test_it_ends_when_it_is_not_used(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    assert await find(database, made.token, NOW + LIFETIMES.idle - SECOND)
    assert await find(database, made.token, NOW + LIFETIMES.idle) is None


async def test_using_it_in_one_app_keeps_it_in_another(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    async with database.unit_of_work() as session:
        other = await sessions.open_session(session, made.id, "billing", NOW)
    later = NOW + LIFETIMES.idle - SECOND
    await touch(database, made.token, later)
    assert await find(database, other, later + LIFETIMES.idle - SECOND, "billing")


async def test_it_ends_however_much_it_is_used(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    step = LIFETIMES.idle - SECOND
    at = NOW
    while at + step < NOW + LIFETIMES.absolute:
        at += step
        await touch(database, made.token, at)
    assert await find(database, made.token, NOW + LIFETIMES.absolute - SECOND)
    assert await find(database, made.token, NOW + LIFETIMES.absolute) is None


async def test_its_use_is_noted_once_a_minute(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    assert not (await found(database, made.token, NOW + SEEN_STEP)).stale
    later = NOW + SEEN_STEP + SECOND
    assert (await found(database, made.token, later)).stale
    await touch(database, made.token, later)
    assert not (await found(database, made.token, later)).stale


async def test_signing_out_ends_the_sessions_of_all_apps(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    async with database.unit_of_work() as session:
        other = await sessions.open_session(session, made.id, "billing", NOW)
    async with database.unit_of_work() as session:
        await sessions.end(session, made.id, NOW)
    assert await find(database, made.token) is None
    assert await find(database, other, app="billing") is None


async def test_another_sign_in_of_the_person_stays(database: Database) -> None:
    person = await make_person(database)
    one, other = await sign_in(database, person, NOW), await sign_in(database, person, NOW)
    async with database.unit_of_work() as session:
        assert await sessions.end_one(session, person.id, one.public_id, NOW)
        assert not await sessions.end_one(session, person.id, one.public_id, NOW)
    assert await find(database, one.token) is None
    assert await find(database, other.token)


async def test_nobody_ends_the_sign_in_of_somebody_else(database: Database) -> None:
    mine = await sign_in(database, await make_person(database), NOW)
    other = await make_person(database)
    async with database.unit_of_work() as session:
        assert not await sessions.end_one(session, other.id, mine.public_id, NOW)
    assert await find(database, mine.token)


async def test_all_can_be_ended_but_this_one(database: Database) -> None:
    person = await make_person(database)
    here, one, two = [await sign_in(database, person, NOW) for _ in range(3)]
    async with database.unit_of_work() as session:
        assert await sessions.end_all(session, person.id, NOW, but=here.id) == 2
    assert [bool(await find(database, made.token)) for made in (here, one, two)] == [
        True,
        False,
        False,
    ]


async def test_a_person_sees_where_they_are_signed_in(database: Database) -> None:
    person = await make_person(database)
    old = await sign_in(database, person, NOW - LIFETIMES.idle)
    one = await sign_in(database, person, NOW - SECOND)
    two = await sign_in(database, person, NOW)
    await sign_in(database, await make_person(database), NOW)
    async with database.read() as session:
        listed = await sessions.of_person(session, person.id, NOW, lifetimes=LIFETIMES)
    assert [row.public_id for row in listed] == [two.public_id, one.public_id]
    assert old.public_id not in {row.public_id for row in listed}


@pytest.mark.parametrize("change", [{"disabled": True}, {"erased_at": NOW}])
async def test_a_person_who_is_disabled_or_erased_is_out_at_once(
    database: Database, change: dict[str, object]
) -> None:
    person = await make_person(database)
    made = await sign_in(database, person, NOW)
    async with database.unit_of_work() as session:
        await session.execute(update(Person).where(Person.id == person.id).values(**change))
    assert await find(database, made.token) is None


async def test_a_membership_that_is_gone_lets_do_nothing_at_once(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "viewer")
    made = await sign_in(database, person, NOW)
    async with database.unit_of_work() as session:
        await session.execute(delete(Membership).where(Membership.public_id == membership))
    signed_in = await found(database, made.token)
    assert (signed_in.principal, signed_in.organisation) == (None, None)


async def test_another_role_counts_from_the_next_request(database: Database) -> None:
    tenant = await make_tenant(database)
    person, membership = await make_member(database, tenant, "owner")
    made = await sign_in(database, person, NOW)
    async with database.unit_of_work() as session:
        mine = Membership.public_id == membership
        await session.execute(update(Membership).where(mine).values(role="viewer"))
    principal = (await found(database, made.token)).principal
    assert principal is not None
    assert principal.permissions == ROLES["viewer"]


async def make_role(database: Database, org_id: int, permissions: list[str]) -> str:
    role = Role(org_id=org_id, name=f"of {org_id}", permissions=permissions, created_at=NOW)
    async with database.unit_of_work() as session:
        session.add(role)
    return role.public_id


async def test_a_role_of_ones_own_permits_what_it_lists(database: Database) -> None:
    tenant = await make_tenant(database)
    role = await make_role(database, tenant.id, ["usage:read", "gone:write"])
    person, _ = await make_member(database, tenant, role)
    made = await sign_in(database, person, NOW)
    principal = (await found(database, made.token)).principal
    assert principal is not None
    assert principal.permissions == {"usage:read"}


async def test_a_role_of_another_organisation_permits_nothing(database: Database) -> None:
    tenant, other = await make_tenant(database), await make_tenant(database)
    role = await make_role(database, other.id, ["usage:read"])
    person, _ = await make_member(database, tenant, role)
    made = await sign_in(database, person, NOW)
    principal = (await found(database, made.token)).principal
    assert principal is not None
    assert principal.permissions == frozenset()


async def test_a_person_in_no_organisation_may_do_nothing(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    assert (await found(database, made.token)).principal is None


async def both(database: Database) -> tuple[MadePerson, str, str]:
    """A person in two organisations, the first one first."""
    one, two = await make_tenant(database), await make_tenant(database)
    person, _ = await make_member(database, one, "viewer")
    await add_member(database, two, person, "owner")
    return person, one.public_id, two.public_id


async def choose(database: Database, token: str, organisation: str) -> bool:
    signed_in = await found(database, token)
    async with database.unit_of_work() as session:
        return await sessions.choose(session, signed_in, organisation)


async def looked_at(database: Database, token: str, app: str = APP) -> str | None:
    principal = (await found(database, token, app=app)).principal
    return principal.org_public_id if principal else None


async def test_another_organisation_can_be_chosen(database: Database) -> None:
    person, one, two = await both(database)
    made = await sign_in(database, person, NOW)
    assert await looked_at(database, made.token) == one
    assert await choose(database, made.token, two)
    assert await looked_at(database, made.token) == two


async def test_the_next_app_looks_at_the_organisation_chosen_last(database: Database) -> None:
    person, _, two = await both(database)
    made = await sign_in(database, person, NOW)
    await choose(database, made.token, two)
    async with database.unit_of_work() as session:
        other = await sessions.open_session(session, made.id, "billing", NOW)
    assert await looked_at(database, other, "billing") == two


async def test_an_organisation_of_others_cannot_be_chosen(database: Database) -> None:
    person, one, _ = await both(database)
    made = await sign_in(database, person, NOW)
    for other in ((await make_tenant(database)).public_id, "org_X", ""):
        assert not await choose(database, made.token, other)
    assert await looked_at(database, made.token) == one


async def test_confirming_makes_it_fresh_under_a_new_token(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    later = NOW + timedelta(hours=1)
    signed_in = await found(database, made.token, later)
    async with database.unit_of_work() as session:
        token = await sessions.confirm(session, signed_in, later)
    assert await find(database, made.token, later) is None
    assert (await found(database, token, later)).fresh_at == later


async def test_what_stays_open_is_asked_for_again(database: Database) -> None:
    """A viewer, one who signed out, one of another role, and one of another organisation."""
    tenant, other = await make_tenant(database), await make_tenant(database)
    people = [
        (await make_member(database, *member))[0]
        for member in [
            (tenant, "viewer"),
            (tenant, "viewer"),
            (tenant, "finance"),
            (other, "viewer"),
        ]
    ]
    made = [await sign_in(database, person, NOW) for person in people]
    async with database.unit_of_work() as session:
        await sessions.end(session, made[1].id, NOW)
    async with database.read() as session:
        ids = [one.id for one in made]
        allowed = await sessions.allowed(
            session, tenant.id, ids, "readings:read", NOW, lifetimes=LIFETIMES
        )
    assert allowed == {made[0].id}


async def test_what_was_over_long_ago_is_forgotten_and_nothing_else(database: Database) -> None:
    person = await make_person(database)
    long_ago = NOW - timedelta(days=365)
    over = [await sign_in(database, person, long_ago) for _ in range(3)]
    now = await sign_in(database, person, NOW)
    async with database.unit_of_work() as session:
        while await sessions.prune(session, NOW - timedelta(days=90), most=2):
            pass
    async with database.read() as session:
        left = list(await session.scalars(select(SignIn.id).where(SignIn.person_id == person.id)))
        gone = [one.id for one in over]
        rows = select(func.count()).where(AppSession.sign_in_id.in_(gone))
        assert await session.scalar(rows) == 0
    assert left == [now.id]

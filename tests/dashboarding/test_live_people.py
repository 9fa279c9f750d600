"""The live stream of somebody who signed in, and what ends it."""

import json
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from apps.dashboarding.live.rules import COMMENT
from apps.dashboarding.live.service import Live
from apps.dashboarding.settings import DashboardingSettings
from shared.auth import sessions
from shared.auth.principal import Principal
from shared.clock import SystemClock
from shared.db import Database
from shared.models import Membership, Person
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.builders import make_tenant
from tests.support.databases import on_mariadb
from tests.support.people import LIFETIMES, make_member, sign_in

# What is asked of the database, other tests ask both.
pytestmark = on_mariadb

Change = Callable[[Database, Principal], Awaitable[None]]


async def sign_out(database: Database, principal: Principal) -> None:
    assert principal.sign_in_id is not None
    async with database.unit_of_work() as session:
        await sessions.end(session, principal.sign_in_id, SystemClock().now())


async def disable(database: Database, principal: Principal) -> None:
    async with database.unit_of_work() as session:
        mine = Person.id == principal.person_id
        await session.execute(update(Person).where(mine).values(disabled=True))


async def demote(database: Database, principal: Principal) -> None:
    async with database.unit_of_work() as session:
        mine = Membership.person_id == principal.person_id
        await session.execute(update(Membership).where(mine).values(role="finance"))


async def principal_of(services: Services) -> Principal:
    tenant = await make_tenant(services.database)
    person, _ = await make_member(services.database, tenant, "viewer")
    now = services.clock.now()
    made = await sign_in(services.database, person, now, "dashboarding")
    async with services.database.read() as session:
        found = await sessions.find(session, made.token, "dashboarding", now, lifetimes=LIFETIMES)
    assert found is not None
    assert found.principal is not None
    return found.principal


@pytest.mark.parametrize("change", [sign_out, disable, demote])
async def test_who_is_let_in_no_more_hears_no_more(services: Services, change: Change) -> None:
    principal = await principal_of(services)
    own = as_user(services, "dashboarding")
    settings = own.settings_as(DashboardingSettings).model_copy(update={"stream_look_s": 0.05})
    stream = Live(own, settings).stream(principal, None, None)
    assert b"event: snapshot" in await anext(stream)
    await change(services.database, principal)
    blocks = [block async for block in stream]
    data = blocks[-1].decode().partition("data: ")[2]
    assert json.loads(data) == {"reason": "sign_in"}


async def test_a_person_who_stays_signed_in_keeps_hearing(services: Services) -> None:
    principal = await principal_of(services)
    own = as_user(services, "dashboarding")
    often = {"stream_look_s": 0.02, "stream_key_s": 0.02, "stream_comment_s": 0.2}
    settings = own.settings_as(DashboardingSettings).model_copy(update=often)
    stream = Live(own, settings).stream(principal, None, None)
    assert b"event: snapshot" in await anext(stream)
    assert [await anext(stream) for _ in range(2)] == [COMMENT] * 2
    await stream.aclose()

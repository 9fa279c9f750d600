"""The live stream of a member who is limited to groups of devices."""

import json
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import delete

from apps.dashboarding.live.hub import Hub
from apps.dashboarding.live.service import Live
from apps.dashboarding.settings import DashboardingSettings
from shared.auth import limits, sessions
from shared.auth.principal import Principal
from shared.db import Database
from shared.models import DeviceGroupDevice
from shared.telemetry import logs
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.builders import MadeDevice, make_device, make_group, make_tenant
from tests.support.databases import on_mariadb
from tests.support.logged import logged
from tests.support.people import LIFETIMES, make_member, sign_in

# What is asked of the database, other tests ask both.
pytestmark = on_mariadb

Change = Callable[[Database, Principal, str], Awaitable[None]]


async def lift(database: Database, principal: Principal, membership: str) -> None:
    async with database.unit_of_work() as session:
        await limits.lift(session, principal.org_id, membership)


async def take_out(database: Database, principal: Principal, _membership: str) -> None:
    async with database.unit_of_work() as session:
        mine = DeviceGroupDevice.org_id == principal.org_id
        await session.execute(delete(DeviceGroupDevice).where(mine))


async def limited(services: Services) -> tuple[Principal, str, MadeDevice, MadeDevice]:
    """Somebody limited to a group, the membership, the device in it, and one that is not."""
    database = services.database
    tenant = await make_tenant(database)
    inside, outside = await make_device(database, tenant), await make_device(database, tenant)
    group = await make_group(database, tenant, inside)
    person, membership = await make_member(database, tenant, "viewer")
    async with database.unit_of_work() as session:
        await limits.set_to(session, tenant.id, membership, [group])
    now = services.clock.now()
    made = await sign_in(database, person, now, "dashboarding")
    async with database.read() as session:
        found = await sessions.find(session, made.token, "dashboarding", now, lifetimes=LIFETIMES)
    assert found is not None
    assert found.principal is not None
    return found.principal, membership, inside, outside


def live(services: Services) -> Live:
    own = as_user(services, "dashboarding")
    settings = own.settings_as(DashboardingSettings).model_copy(update={"stream_look_s": 0.05})
    return Live(own, settings)


async def test_the_snapshot_has_the_devices_of_their_groups(services: Services) -> None:
    principal, _, inside, outside = await limited(services)
    here = live(services)
    stream = here.stream(principal, await here.devices(principal, []), None)
    first = (await anext(stream)).decode()
    await stream.aclose()
    assert inside.public_id in first
    assert outside.public_id not in first


async def test_what_fails_for_all_readers_is_said_of_none(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_hub: Hub) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Hub, "run", fail)
    principal, *_ = await limited(services)
    here = live(services)
    with logged() as lines:
        with logs.bound(who=principal.actor):
            stream = here.stream(principal, await here.devices(principal, []), None)
            _ = [block async for block in stream]
        (line,) = [one for one in lines() if "a live hub failed" in one["message"]]
    assert "who" not in line


@pytest.mark.parametrize("change", [lift, take_out])
async def test_it_ends_when_they_see_other_devices(services: Services, change: Change) -> None:
    principal, membership, _, _ = await limited(services)
    here = live(services)
    stream = here.stream(principal, await here.devices(principal, []), None)
    assert b"event: snapshot" in await anext(stream)
    await change(services.database, principal, membership)
    blocks = [block async for block in stream]
    data = blocks[-1].decode().partition("data: ")[2]
    assert json.loads(data) == {"reason": "limits"}

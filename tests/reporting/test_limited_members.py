"""What a member who is limited to groups of devices gets of exports and runs."""

from typing import Any

from sqlalchemy import select

from apps.reporting.runs.rules import sight_key
from shared.models import DeviceGroup, DeviceGroupDevice, Membership, MembershipGroup
from shared.web import cookies, csrf
from shared.web.services import Services
from tests.reporting.running import RUNS, Runs, runs
from tests.support.builders import MadeDevice
from tests.support.people import make_member, sign_in

CSV = "/v1/exports/readings.csv"


async def member(here: Runs, *devices: MadeDevice) -> dict[str, str]:
    """Headers of somebody who sees these devices."""
    database, now = here.services.database, here.services.clock.now()
    person, public_id = await make_member(database, here.tenant, "analyst")
    org_id = here.tenant.id
    async with database.unit_of_work() as session:
        group = DeviceGroup(org_id=org_id, name=public_id, created_at=now)
        session.add(group)
        await session.flush()
        mine = Membership.public_id == public_id
        number = (await session.scalars(select(Membership.id).where(mine))).one()
        limit = {"org_id": org_id, "group_id": group.id}
        session.add(MembershipGroup(**limit, membership_id=number))
        session.add_all(DeviceGroupDevice(**limit, device_id=device.id) for device in devices)
    token = (await sign_in(database, person, now, "reporting")).token
    secret = here.services.settings.secret.get_secret_value()
    return {
        "cookie": f"{cookies.SESSION}={token}",
        "sec-fetch-site": "same-origin",
        "x-csrf-token": csrf.make_token(secret, token),
    }


def devices(text: str) -> set[str]:
    return {line.split(",", 1)[0] for line in text.splitlines()[1:]}


async def test_files_have_the_devices_that_their_asker_sees(services: Services) -> None:
    here = await runs(services)
    seen, hidden = await here.device(1), await here.device(1)
    limited = await member(here, seen)
    streamed = await here.http.get(CSV, headers=limited)
    asked = await here.http.post(RUNS, json={"kind": "readings"}, headers=limited)
    await here.make()
    file = await here.http.get(f"{RUNS}/{asked.json()['id']}/file", headers=limited)
    assert devices(streamed.text) == devices(file.text) == {seen.public_id}
    query: Any = {"device": hidden.public_id}
    assert (await here.http.get(CSV, params=query, headers=limited)).status_code == 404
    body = {"kind": "readings", "devices": [hidden.public_id]}
    assert (await here.http.post(RUNS, json=body, headers=limited)).status_code == 404


async def test_runs_of_those_who_see_other_devices_are_not_there(services: Services) -> None:
    here = await runs(services)
    one, other = await member(here, await here.device(1)), await member(here)
    whole = await here.ask()
    part = (await here.http.post(RUNS, json={"kind": "readings"}, headers=one)).json()
    await here.make()
    for run, headers in [(whole, one), (whole, other), (part, other)]:
        for path in ("", "/file"):
            found = await here.http.get(f"{RUNS}/{run['id']}{path}", headers=headers)
            assert found.status_code == 404
        gone = await here.http.delete(f"{RUNS}/{run['id']}", headers=headers)
        assert gone.status_code == 404
    listed = await here.http.get(RUNS, headers=one)
    assert [run["id"] for run in listed.json()["items"]] == [part["id"]]
    # Who sees every device sees every run.
    assert len((await here.get(RUNS))["items"]) == 2


def test_the_same_limit_has_the_same_key_and_none_has_none() -> None:
    assert sight_key(frozenset({1, 23})) == sight_key(frozenset({23, 1}))
    assert (
        len({sight_key(groups) for groups in (None, frozenset({1, 23}), frozenset({12, 3}))}) == 3
    )

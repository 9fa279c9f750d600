"""What a member who is limited to groups of devices sees of loyalty."""

from typing import Any

from shared.auth import limits
from shared.web import cookies, csrf
from tests.apps.loyalty.conftest import RULE, Loyalty
from tests.support.builders import MadeDevice, make_device, make_group
from tests.support.events import Sent
from tests.support.people import make_member, sign_in


async def limited(loyalty: Loyalty, *devices: MadeDevice) -> dict[str, str]:
    """Headers of an administrator who sees these devices."""
    database, org_id = loyalty.services.database, loyalty.tenant.id
    person, membership = await make_member(database, loyalty.tenant, "administrator")
    group = await make_group(database, loyalty.tenant, *devices)
    async with database.unit_of_work() as session:
        await limits.set_to(session, org_id, membership, [group])
    now = loyalty.services.clock.now()
    token = (await sign_in(database, person, now, "loyalty")).token
    secret = loyalty.services.settings.secret.get_secret_value()
    return {
        "cookie": f"{cookies.SESSION}={token}",
        "sec-fetch-site": "same-origin",
        "x-csrf-token": csrf.make_token(secret, token),
    }


async def test_an_entry_from_a_device_that_is_not_seen_has_no_event(loyalty: Loyalty) -> None:
    await loyalty.rule()
    member = await loyalty.member("TAG-9")
    seen = await make_device(loyalty.services.database, loyalty.tenant)
    data = {"member": "TAG-9", "kwh": "1.5"}
    await loyalty.commit(loyalty.session(1), Sent(seen, 1, data, seq=2))
    await loyalty.work()
    headers = await limited(loyalty, seen)
    answer = await loyalty.http.get(f"/v1/members/{member}/entries", headers=headers)
    items: list[Any] = answer.json()["items"]
    every = await loyalty.entries(member)
    assert len(every) == 2
    hidden = [{**one, "event": None} for one in every if one["event"]["s"] == 1]
    shown = [one for one in every if one["event"]["s"] == 2]
    assert [one for one in items if one["event"] is None] == hidden
    assert [one for one in items if one["event"]] == shown


async def test_what_is_of_all_devices_is_not_changed(loyalty: Loyalty) -> None:
    rule, member = await loyalty.rule(), await loyalty.member("TAG-9")
    headers = await limited(loyalty, loyalty.device)
    send = loyalty.http.request
    answers = [
        await send("POST", "/v1/programmes", json={"name": "Other"}, headers=headers),
        await send(
            "POST", "/v1/rules", json=RULE | {"programme": loyalty.programme}, headers=headers
        ),
        await send("DELETE", f"/v1/rules/{rule}", headers=headers),
        await send(
            "POST",
            f"/v1/members/{member}/adjustments",
            json={"points": 5, "reason": "a gift"},
            headers=headers,
        ),
    ]
    found = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert found == [(403, "limited_to_groups")] * 4
    assert await loyalty.points(member) == 0

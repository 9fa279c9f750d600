"""A profile that changes while its devices send."""

from typing import Any

from sqlalchemy import select, update

from shared.bus.valkey import ValkeyBus
from shared.db import scoped
from shared.models import Device, DeviceProfile
from tests.faults.rig import Outcome, Rig, rig
from tests.faults.scenarios.bus import url, valkey
from tests.faults.size import Size
from tests.support.builders import make_profile
from tests.support.mariadb_process import MariadbProcess
from tests.support.servers import free_port

TEMP: dict[str, Any] = {"type": "number", "min": 0, "max": 1}
# What devices send, `temp` from 0 to 1, fits all but the last, which refuses few messages: a device
# that sends many wrong ones is told to go.
CHANGES: list[tuple[dict[str, Any], bool]] = [
    ({"temp": TEMP}, True),
    ({"temp": {"type": "number"}, "hum": {"type": "number"}}, True),
    ({}, False),
    ({"temp": {**TEMP, "min": 0.001}}, False),
]
DEAD = 'fortress_ingest_messages_total{kind="dead_letter"}'


async def changes(server: MariadbProcess, size: Size) -> Outcome:
    port = free_port()
    with valkey(port):
        async with (
            rig(server, bus_url=url(port)) as tried,
            tried.talking(dead_letters=True),
        ):
            profile = await make_profile(tried.database, tried.tenant, {})
            bus = ValkeyBus(url(port))
            await _give(tried, profile)
            rounds = max(2, round(size.lasts_s))
            for _ in range(rounds):
                for metrics, strict in CHANGES:
                    await _change(tried, profile, metrics, strict=strict)
                    await bus.publish(f"device:{tried.tenant.public_id}", b'{"all":true}')
                    await tried.flows(200)
                # The last one shows, and no longer than the next change.
                await tried.said(DEAD, await tried.value(DEAD) + 1)
            await _change(tried, profile, {}, strict=False)
            await bus.publish(f"device:{tried.tenant.public_id}", b'{"all":true}')
            await tried.recovers()
            dead = await tried.value(DEAD)
            await bus.close()
        tried.outcome.say(f"{rounds * len(CHANGES)} changes, {dead:,.0f} dead letters")
    return tried.outcome


async def _give(tried: Rig, profile: DeviceProfile) -> None:
    """Every device of the organisation has this profile from now on.

    One at a time, as people do it: all in one statement wait for the writer crosswise.
    """
    async with tried.database.read() as session:
        ids = list(await session.scalars(scoped(tried.tenant.id, select(Device.id))))
    for device_id in ids:
        async with tried.database.unit_of_work() as session:
            one = scoped(tried.tenant.id, update(Device)).where(Device.id == device_id)
            await session.execute(one.values(profile_id=profile.id))


async def _change(
    tried: Rig, profile: DeviceProfile, metrics: dict[str, Any], *, strict: bool
) -> None:
    async with tried.database.unit_of_work() as session:
        await session.execute(
            scoped(tried.tenant.id, update(DeviceProfile))
            .where(DeviceProfile.id == profile.id)
            .values(metrics=metrics, strict=strict)
        )

"""Those that send more than their share, and those who share with them."""

from tests.faults.crowds import Crowd, crowd, tokens
from tests.faults.honest import honest
from tests.faults.rig import Account, Outcome, Rig, rig
from tests.faults.size import Size
from tests.support.builders import MadeDevice, Tenant, make_device, make_tenant
from tests.support.mariadb_process import MariadbProcess
from tests.support.pulses import Waits

HERE = "127.0.0.1"
PAUSED = "fortress_ingest_paused_total"
HELD = "fortress_ingest_held_bytes"
WINDOW = 256


async def device(server: MariadbProcess, size: Size) -> Outcome:
    """One device sends as fast as its socket takes it, whatever its window is."""
    async with rig(server, window=WINDOW) as tried, honest(tried, size, [HERE] * 10) as some:
        quiet = await some.lasts(size.crowd_s)
        tried.remember_memory()
        noisy = await make_device(tried.database, tried.tenant)
        async with crowd("send", tried.ingest.port, tokens=tokens([noisy]), window=0) as there:
            await tried.said(PAUSED)
            beset = await some.lasts(size.crowd_s)
        _account(tried, tried.tenant, [noisy], there)
        _say(tried, quiet, beset)
        rate = there.met["rate"]
        tried.outcome.say(
            f"the noisy one sent {rate:,.0f} messages/s, {rate * size.pace_s:,.0f} times what"
            f" another does, and was paused {await tried.value(PAUSED):,.0f} times"
        )
    return tried.outcome


async def organisation(server: MariadbProcess, size: Size) -> Outcome:
    """Devices of one organisation keep their windows full; another one has a few that are calm."""
    async with rig(server, window=WINDOW) as tried:
        calm = await make_tenant(tried.database)
        noisy = [await make_device(tried.database, tried.tenant) for _ in range(size.noisy)]
        async with honest(tried, size, [HERE] * 5, tenant=calm) as some:
            quiet = await some.lasts(size.crowd_s)
            tried.remember_memory()
            async with crowd(
                "send", tried.ingest.port, tokens=tokens(noisy), window=WINDOW
            ) as there:
                await tried.said("fortress_ingest_connections", size.noisy)
                beset = await some.lasts(size.crowd_s, watched=HELD)
            _account(tried, tried.tenant, noisy, there)
            _say(tried, quiet, beset)
            tried.outcome.say(
                f"{size.noisy} noisy devices had {there.met['rate']:,.0f} messages/s acknowledged,"
                f" at most {some.most[HELD] / 1024:,.0f} KiB held;"
                f" memory at most {some.most_rss_mib:.0f} MiB"
            )
    return tried.outcome


def _account(tried: Rig, tenant: Tenant, devices: list[MadeDevice], there: Crowd) -> None:
    met = there.met
    assert not met["answers"], met["answers"]
    assert met["sent"] == met["acked"], "not all is acknowledged"
    tried.accounts += [
        Account(tenant, device, range(1, met["sent"][device.uid] + 1)) for device in devices
    ]


def _say(tried: Rig, quiet: Waits, beset: Waits) -> None:
    tried.outcome.p99_ms = beset.p99
    tried.outcome.say(f"acknowledgements of the others before: {quiet}")
    tried.outcome.say(f"meanwhile: {beset}")

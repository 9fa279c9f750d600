"""The network between devices and ingest, and between ingest and the database."""

from tests.faults.rig import Outcome, Rig, rig
from tests.faults.size import Size
from tests.support.fault_proxy import FaultProxy, Mode
from tests.support.mariadb_process import MariadbProcess

# Slower than the devices send, and than ingest writes.
SLOW_BYTES_S = 20_000
# So soon a side that hears nothing gives up.
IDLE_S = 2


async def devices_cut(server: MariadbProcess, size: Size) -> Outcome:
    """Every connection is reset, and none can be made."""
    return await _devices(server, size, Mode.cut)


async def devices_silent(server: MariadbProcess, size: Size) -> Outcome:
    """Nothing comes through, and nobody is told: each side has to find out."""
    return await _devices(server, size, Mode.silent)


async def devices_slow(server: MariadbProcess, size: Size) -> Outcome:
    return await _devices(server, size, Mode.slow)


async def _devices(server: MariadbProcess, size: Size, mode: Mode) -> Outcome:
    async with (
        rig(server, idle_s=IDLE_S) as tried,
        FaultProxy(tried.ingest.port) as proxy,
        tried.talking(proxy.port),
    ):
        proxy.set(mode, rate=SLOW_BYTES_S)
        await tried.holds_up(size.lasts_s + (IDLE_S if mode is Mode.silent else 0))
        proxy.set(Mode.open)
        await tried.recovers()
    return tried.outcome


async def database_cut(server: MariadbProcess, size: Size) -> Outcome:
    """Every connection is reset, and none can be made."""
    async with (
        FaultProxy(server.port) as proxy,
        rig(server, database_port=proxy.port) as tried,
        tried.talking(),
    ):
        proxy.set(Mode.cut)
        await tried.said('fortress_ingest_retries_total{failure="reconnect"}')
        await _ends(tried, proxy, size.lasts_s)
    return tried.outcome


async def database_silent(server: MariadbProcess, size: Size) -> Outcome:
    """Nothing comes through, and nobody is told."""
    async with (
        FaultProxy(server.port) as proxy,
        rig(server, database_port=proxy.port) as tried,
        tried.talking(),
    ):
        proxy.set(Mode.silent)
        await _ends(tried, proxy, size.stopped_s)
    return tried.outcome


async def database_slow(server: MariadbProcess, size: Size) -> Outcome:
    async with (
        FaultProxy(server.port) as proxy,
        rig(server, database_port=proxy.port) as tried,
        tried.talking(),
    ):
        proxy.set(Mode.slow, rate=SLOW_BYTES_S)
        await _ends(tried, proxy, size.lasts_s)
    return tried.outcome


async def _ends(tried: Rig, proxy: FaultProxy, seconds: float) -> None:
    await tried.holds_up(seconds)
    proxy.set(Mode.open)
    await tried.recovers()

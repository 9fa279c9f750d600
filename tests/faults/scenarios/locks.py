"""Rows that somebody else holds."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from tests.faults.rig import Outcome, Rig, administer, rig
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess
from tests.support.until import until

AGAIN = 'fortress_ingest_retries_total{failure="again",error="%d"}'
# More changes than a batch has: of two that block each other, the one with fewer is ended.
HEAVY = 20_000


async def deadlock(server: MariadbProcess, _size: Size) -> Outcome:
    """Another transaction locks the same devices the other way round, and is not the victim."""
    async with rig(server) as tried, tried.talking():
        async with tried.admin() as admin:
            await admin.execute(text("CREATE TABLE IF NOT EXISTS heavy (n INT PRIMARY KEY)"))
        await until(lambda: _block_each_other(tried), "a deadlock", 60)
        await tried.recovers()
    return tried.outcome


async def _block_each_other(tried: Rig) -> bool:
    devices = sorted(talker.device.id for talker in tried.talkers)
    engine = create_async_engine(tried.url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"INSERT INTO heavy SELECT seq FROM seq_1_to_{HEAVY}"))
            for device in reversed(devices):
                await connection.execute(
                    text(f"SELECT 1 FROM device_state WHERE device_id = {device} FOR UPDATE")
                )
                await tried.holds_up(0.1)
    except DBAPIError:
        return False  # the other way round: this one was ended
    finally:
        await engine.dispose()
    return await tried.says(AGAIN % 1213, 1)


async def lock_wait(server: MariadbProcess, size: Size) -> Outcome:
    """Another transaction keeps a device for longer than the server lets anyone wait."""
    async with rig(server) as tried, tried.talking():
        device = tried.talkers[0].device.id
        async with administer(server, tried.name) as holder:
            await holder.execute(text("BEGIN"))
            await holder.execute(
                text(f"SELECT 1 FROM device_state WHERE device_id = {device} FOR UPDATE")
            )
            await tried.said(AGAIN % 1205)
            await tried.holds_up(size.lasts_s)
            await holder.execute(text("ROLLBACK"))
        await tried.recovers()
    return tried.outcome

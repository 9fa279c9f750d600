"""Processes that are killed at random moments."""

import asyncio

from tests.faults.rig import Outcome, Rig, rig
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess

# A kill comes when up to so many more messages are acknowledged.
MOST_BETWEEN = 1_500


async def ingest_killed(server: MariadbProcess, size: Size) -> Outcome:
    async with rig(server) as tried, tried.talking():
        for _ in range(size.kills // 2):
            await a_moment(tried)
            tried.ingest.kill()
            await asyncio.to_thread(tried.ingest.start)
            await tried.recovers()
    return tried.outcome


async def database_killed(server: MariadbProcess, size: Size) -> Outcome:
    async with rig(server) as tried, tried.talking():
        for _ in range(size.kills // 2):
            await a_moment(tried)
            server.kill()
            await asyncio.to_thread(server.start)
            await tried.recovers()
        await tried.said('fortress_ingest_retries_total{failure="reconnect"}')
    return tried.outcome


async def both_killed(server: MariadbProcess, size: Size) -> Outcome:
    async with rig(server) as tried, tried.talking():
        for _ in range(max(1, size.kills // 10)):
            await a_moment(tried)
            server.kill()
            tried.ingest.kill()
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(tried.ingest.start)
            await tried.recovers()
    return tried.outcome


async def a_moment(tried: Rig) -> None:
    await tried.flows(tried.rng.randrange(1, MOST_BETWEEN))

"""A database that is there and does not do what it should."""

import signal
from contextlib import AsyncExitStack

import aiomysql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.faults.rig import USER, Outcome, Rig, rig
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess
from tests.support.until import until

# The fewest that a server can be told.
MOST_CONNECTIONS = 10
TOO_MANY = 1040


async def stopped(server: MariadbProcess, size: Size) -> Outcome:
    """It answers nothing and closes nothing."""
    async with rig(server) as tried, tried.talking():
        server.send(signal.SIGSTOP)
        try:
            await tried.holds_up(size.stopped_s)
        finally:
            server.send(signal.SIGCONT)
        await tried.recovers()
    return tried.outcome


async def read_only(server: MariadbProcess, size: Size) -> Outcome:
    """As a server is that was the writer before a failover."""
    async with rig(server) as tried, tried.talking(), tried.admin() as admin:
        await admin.execute(text("SET GLOBAL read_only = 1"))
        try:
            await tried.said('fortress_ingest_retries_total{error="1290"}')
            await tried.holds_up(size.lasts_s)
        finally:
            await admin.execute(text("SET GLOBAL read_only = 0"))
        await tried.recovers()
    return tried.outcome


async def out_of_connections(server: MariadbProcess, size: Size) -> Outcome:
    """Every connection that ingest loses is taken by somebody else."""
    async with rig(server) as tried, tried.talking(), tried.admin() as admin:
        before = await admin.scalar(text("SELECT @@GLOBAL.max_connections"))
        await admin.execute(text(f"SET GLOBAL max_connections = {MOST_CONNECTIONS}"))
        try:
            async with AsyncExitStack() as hogs:
                mine: set[int] = set()
                await until(lambda: _took_all(tried, admin, hogs, mine), "no connection left", 60)
                await tried.said('fortress_ingest_retries_total{error="1040"}')
                await tried.holds_up(size.lasts_s)
        finally:
            await admin.execute(text(f"SET GLOBAL max_connections = {before}"))
        await tried.recovers()
    return tried.outcome


async def _took_all(
    tried: Rig, admin: AsyncConnection, hogs: AsyncExitStack, mine: set[int]
) -> bool:
    """End everyone's connections and take their places; whether nobody else has one."""
    listed = await admin.execute(
        text("SELECT id FROM information_schema.processlist WHERE user = :user"), {"user": USER}
    )
    others = {number for (number,) in listed} - mine
    for number in others:
        await admin.execute(text(f"KILL {number}"))
    while await _take_one(tried, hogs, mine):
        pass
    return not others


async def _take_one(tried: Rig, hogs: AsyncExitStack, mine: set[int]) -> bool:
    try:
        hog = await aiomysql.connect(host="127.0.0.1", port=tried.server.port, user=USER)
    except aiomysql.OperationalError as error:
        if error.args[0] == TOO_MANY:
            return False
        raise
    hogs.callback(hog.close)
    mine.add(hog.thread_id())
    return True

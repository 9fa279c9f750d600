"""Peers that take no part: they never read, or are gone without a word."""

import time

from tests.faults.crowds import crowd, tokens
from tests.faults.honest import honest
from tests.faults.rig import Outcome, rig
from tests.faults.size import Size
from tests.support.builders import make_device
from tests.support.mariadb_process import MariadbProcess

HERE = "127.0.0.1"
CONNECTIONS = "fortress_ingest_connections"
ADMITTED = 'fortress_ingest_hellos_total{outcome="admitted"}'
HONEST = 10


async def never_read(server: MariadbProcess, size: Size) -> Outcome:
    """They ask without end and leave the answers where they are."""
    return await _useless(server, size, asking=True)


async def gone(server: MariadbProcess, size: Size) -> Outcome:
    """They said hello, and from then on nothing, not even that they are gone."""
    return await _useless(server, size, asking=False)


async def _useless(server: MariadbProcess, size: Size, *, asking: bool) -> Outcome:
    async with (
        rig(server, idle_s=size.idle_s) as tried,
        honest(tried, size, [HERE] * HONEST) as some,
    ):
        quiet = await some.lasts(size.crowd_s)
        tried.remember_memory()
        useless = [await make_device(tried.database, tried.tenant) for _ in range(size.deaf)]
        async with crowd("deaf", tried.ingest.port, tokens=tokens(useless), asking=asking) as there:
            await tried.said(ADMITTED, HONEST + size.deaf)
            began = time.monotonic()
            beset = await some.lasts(size.idle_s)
            await tried.falls(CONNECTIONS, HONEST)
            took = time.monotonic() - began
        tried.outcome.p99_ms = beset.p99
        tried.outcome.say(f"acknowledgements of the others before: {quiet}")
        tried.outcome.say(f"meanwhile: {beset}; memory at most {some.most_rss_mib:.0f} MiB")
        tried.outcome.say(
            f"{size.deaf} useless peers were cut off within {took:.1f} s"
            f" (idle after {size.idle_s} s), having asked for"
            f" {there.met['asked'] / 1024 / 1024:.0f} MiB of answers"
        )
    return tried.outcome

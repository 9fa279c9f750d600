"""A host whose clock jumps."""

from tests.faults.rig import Outcome, folder, rig
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess

MINUTE_MS = 60_000
# The last: devices are then an hour ahead, and what they send is kept as dead letters.
JUMPS = (5 * MINUTE_MS, -5 * MINUTE_MS, 24 * 60 * MINUTE_MS, -60 * MINUTE_MS)


async def jumps(server: MariadbProcess, size: Size) -> Outcome:
    with folder("clock") as place:
        file = place / "ahead_ms"
        file.write_text("0")
        module = "tests.support.jumping_ingest"
        async with (
            rig(server, module=module, clock_file=file) as tried,
            tried.talking(dead_letters=True),
        ):
            for ahead in JUMPS:
                file.write_text(str(ahead))
                await tried.holds_up(size.lasts_s)
            file.write_text("0")
            await tried.recovers()
            await tried.said('fortress_ingest_messages_total{kind="dead_letter"}')
    return tried.outcome

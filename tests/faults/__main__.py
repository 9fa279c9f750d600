"""`python -m tests.faults [FAULT …]`: try the faults at length and print one table.

`KILLS`: how often processes are killed (100), ingest and the database by turns; `SHORT=1`: each
fault for a moment, as in `make test`.
"""

import asyncio
import os
import sys
from dataclasses import replace

from tests.faults.report import table
from tests.faults.rig import Outcome
from tests.faults.scenarios import SCENARIOS
from tests.faults.scenarios.disk import NoSmallDiskError
from tests.faults.size import LONG, SHORT, Size
from tests.support.mariadb_process import mariadb_process


async def _try(names: list[str], size: Size) -> dict[str, Outcome | str]:
    outcomes: dict[str, Outcome | str] = {}
    with mariadb_process() as server:
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)  # noqa: T201 - a command
            try:
                outcomes[name] = await SCENARIOS[name](server, size)
            except NoSmallDiskError as error:
                outcomes[name] = f"not tried: {error}"
            except Exception as error:  # noqa: BLE001 - the rest is tried all the same
                outcomes[name] = f"FAILED: {type(error).__name__}: {str(error)[-200:]!r}"
            print(table({name: outcomes[name]}), file=sys.stderr, flush=True)  # noqa: T201 - so too
            if not server.alive:
                server.start()
    return outcomes


def main(names: list[str]) -> int:
    """0 when nothing was lost or doubled and every fault could be tried, or said why not."""
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        known = "\n  ".join(SCENARIOS)
        asked = {"-h", "--help"} & set(unknown)
        said = f"{__doc__}\nFaults:" if asked else f"there is no fault {unknown[0]!r}; there are"
        print(f"{said}\n  {known}", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    size = SHORT if os.environ.get("SHORT") else LONG
    size = replace(size, kills=int(os.environ.get("KILLS") or size.kills))
    outcomes = asyncio.run(_try(names or list(SCENARIOS), size))
    print(table(outcomes))  # noqa: T201 - a command
    failed = [one for one in outcomes.values() if isinstance(one, str) and "FAILED" in one]
    lost = [one for one in outcomes.values() if isinstance(one, Outcome) and not one.clean]
    return 1 if failed or lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

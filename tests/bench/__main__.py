"""`python -m tests.bench [SUITE …]`: measure, keep the figures, print one table a suite."""

import os
import sys

from tests.bench import api, export, ingest, replay
from tests.support import databases, servers

SUITES = {"ingest": ingest.run, "replay": replay.run, "api": api.run, "export": export.run}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"there is no suite {unknown[0]}; there are {', '.join(SUITES)}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    with servers.mariadb() as url:
        os.environ.setdefault(databases.SERVER, url)
        for name in names or list(SUITES):
            SUITES[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.bench [SUITE …]`: measure, keep the figures, print one table a suite."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from tests.bench import api, export, ingest, replay
from tests.bench.parts.rig import Options
from tests.support import databases, servers

SUITES: dict[str, Callable[[], None]] = {
    "ingest": ingest.run,
    "replay": replay.run,
    "api": api.run,
    "export": export.run,
}
EXAMPLES = """examples:
  make bench                                          everything
  make bench ARGS=ingest                              one suite, about ten minutes
  make bench ARGS="ingest --only storm"               one part of it
  make bench ARGS="ingest --only throughput --runs 1 --seconds 1"
  make bench ARGS="ingest --only overload --overload-seconds 600"
  make bench ARGS="ingest --only cpu --bus memory"    what live frames cost, by the difference

Figures are kept under var/bench and compared with when each was last measured.
"""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure on a MariaDB that is started for it, and print one table a suite.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)} (all)")
    of = made.add_argument_group("of the suite ingest")
    of.add_argument(
        "--only",
        action="append",
        choices=list(ingest.PARTS),
        metavar="PART",
        help=f"of {', '.join(ingest.PARTS)} (all); may be given more than once",
    )
    default = ingest.DEFAULT
    of.add_argument("--runs", type=int, default=default.runs, help="of each figure (%(default)s)")
    of.add_argument(
        "--seconds", type=float, default=default.seconds, help="of each run (%(default)s)"
    )
    of.add_argument(
        "--overload-seconds", type=float, default=default.overload_s, help="(%(default)s)"
    )
    of.add_argument(
        "--bus",
        choices=["valkey", "memory"],
        default=default.bus,
        help="where live frames go: a Valkey server with someone who watches, or nowhere"
        " (%(default)s)",
    )
    return made


def main(arguments: Sequence[str]) -> int:
    made = parser()
    chosen = made.parse_args(arguments)
    unknown = [name for name in chosen.suites if name not in SUITES]
    if unknown:
        made.error(f"there is no suite {unknown[0]}; there are {', '.join(SUITES)}")
    if chosen.runs < 1 or min(chosen.seconds, chosen.overload_seconds) < 0.1:
        made.error("at least one run, of at least 0.1 s")
    options = Options(chosen.runs, chosen.seconds, chosen.overload_seconds, chosen.bus)
    with servers.mariadb() as url:
        os.environ.setdefault(databases.SERVER, url)
        for name in chosen.suites or SUITES:
            if name == "ingest":
                ingest.run(chosen.only or list(ingest.PARTS), options)
            else:
                SUITES[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

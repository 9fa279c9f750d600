"""`python -m tests.fuzz [--minutes N | --seconds N] [--seed N] [FILE …]`: fuzz, or replay files.

What is found is kept under var/fuzz; `crashes` there is replayed at each start.
"""

import argparse
import random
import sys
from pathlib import Path

from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import judge
from tests.support.servers import ROOT


def main(given: list[str] | None = None) -> int:
    """0 when nothing broke, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "fuzz")
    parser.add_argument("files", nargs="*", type=Path)
    chosen = parser.parse_args(given)
    for file in chosen.files:
        judge(file.read_bytes())
    if chosen.files:
        return 0
    seconds = chosen.minutes * 60 if chosen.seconds is None else chosen.seconds
    say(f"seed {chosen.seed}, {seconds:g} s")
    fuzzed = Fuzzer(chosen.folder, rng=random.Random(chosen.seed), say=say).run(seconds)
    say(str(fuzzed))
    return 1 if fuzzed.crashes else 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())

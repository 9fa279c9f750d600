"""Ingest as it is, with its stack looked at every few milliseconds of CPU.

`FORTRESS_BENCH_SAMPLES=FILE python -m tests.bench.sampled`: looks from SIGUSR1 on; at the end the
file has the stacks and how often each came. The kernel's clock decides how often: at 250 Hz each
4 ms, which costs nothing that could be measured.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from apps.ingest import main as ingest
from tests.bench.attribution import LOOP, Frame, short
from tests.support.servers import ROOT

# Where the file is named.
SAMPLES = "FORTRESS_BENCH_SAMPLES"
EVERY_S = 0.001
DEEPEST = 40
# The first instructions of a function: those before it has done anything.
ENTERED = 16

_found: Counter[tuple[Frame, ...]] = Counter()


def _look(_sign: int, frame: FrameType | None) -> None:
    """Note the stack. Signals are handled between two instructions of Python: what the event loop
    did since the last one is seen at the entrance of what it calls next.
    """
    _found[tuple(_stack(frame))] += 1


def _stack(frame: FrameType | None) -> list[Frame]:
    stack: list[Frame] = []
    if frame is not None and _just_called(frame):
        return [LOOP]
    while frame is not None and len(stack) < DEEPEST:
        code = frame.f_code
        stack.append((short(code.co_filename, str(ROOT)), code.co_name))
        frame = frame.f_back
    return stack


def _just_called(frame: FrameType) -> bool:
    """Whether the event loop has called this function just now."""
    caller = frame.f_back
    called = frame.f_lasti <= ENTERED and (caller is None or _runs_loop(caller))
    return called or _runs_loop(frame)


def _runs_loop(frame: FrameType) -> bool:
    return frame.f_code.co_filename.endswith(("uvloop/__init__.py", "asyncio/runners.py"))


def _begin(_sign: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGPROF, _look)
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)


def main() -> int:
    """Run ingest; its exit code."""
    signal.signal(signal.SIGUSR1, _begin)
    try:
        return ingest.main()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        found = [[list(stack), count] for stack, count in _found.items()]
        Path(os.environ[SAMPLES]).write_text(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())

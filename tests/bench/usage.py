"""What processes use, from outside: /proc. Linux only."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
# Less than this share of a core is idle.
IDLE = 0.1
LOOK_S = 0.2


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used, its own and the kernel's for it."""
    return cpu_in(Path(f"/proc/{pid}/stat").read_text())


def cpu_in(stat: str) -> float:
    """The same, from the text of /proc/PID/stat."""
    # The name, in brackets, may have any character.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def wait_idle(pids: Iterable[int], seconds: float = 5.0) -> None:
    """Wait until the processes have nothing left to do, at most `seconds`."""
    several = list(pids)
    deadline = time.monotonic() + seconds
    before = sum(map(cpu_s, several))
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        now = sum(map(cpu_s, several))
        if now - before < IDLE * LOOK_S:
            return
        before = now

"""What processes use, from outside: /proc. Linux only."""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
# Less than this share of a core is idle.
IDLE = 0.1
LOOK_S = 0.2


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used, its own and the kernel's for it."""
    return cpu_in((PROC / str(pid) / "stat").read_text())


def cpu_in(stat: str) -> float:
    """The same, from the text of /proc/PID/stat."""
    return sum(_numbers(stat)[11:13]) * TICK_S


def family_cpu_in(stats: Mapping[int, str], pid: int) -> float:
    """Seconds of CPU of a process and all that it started, also those that have ended.

    `stats`: the text of /proc/PID/stat of every process.
    """
    numbers = {one: _numbers(text) for one, text in stats.items()}
    family = {pid}
    found = 1
    while found:
        more = {one for one, fields in numbers.items() if fields[1] in family} - family
        family |= more
        found = len(more)
    # A process' own, and that of its children which it has seen the end of.
    return sum(sum(numbers[one][11:15]) for one in family if one in numbers) * TICK_S


def busy_in(stat: str) -> float:
    """Seconds of CPU that all cores were busy, from the text of /proc/stat."""
    user, nice, system, _idle, _waiting, *rest = map(int, stat.split("\n", 1)[0].split()[1:])
    # Interrupts of both kinds, and what other machines on this one took.
    return (user + nice + system + sum(rest[:3])) * TICK_S


class Others:
    """How many cores other processes than ours kept busy since this was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._before = self._theirs()

    def cores(self) -> float:
        """The mean, at least 0."""
        return max(0.0, (self._theirs() - self._before) / (time.monotonic() - self._began))

    def _theirs(self) -> float:
        stats = {}
        for path in PROC.glob("[0-9]*/stat"):
            with suppress(OSError):
                stats[int(path.parent.name)] = path.read_text()
        return busy_in((PROC / "stat").read_text()) - family_cpu_in(stats, os.getpid())


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


def _numbers(stat: str) -> list[int]:
    """The fields of /proc/PID/stat behind the name, which may have any character, and the state;
    0 in the place of the state, so that places are those behind the name.
    """
    return [0, *map(int, stat.rpartition(")")[2].split()[1:])]

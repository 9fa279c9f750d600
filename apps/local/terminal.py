"""Ctrl-C under make.

A terminal sends SIGINT to every process of its foreground group. Started by make, that is make
too, and make then fails whatever the program's exit code is. A program that drains and exits
with 0 should be seen to do so; therefore it asks to be a foreground group of its own.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

STDIN = 0


@contextmanager
def alone(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Inside the block Ctrl-C reaches this process only, where make started it on a terminal."""
    group = os.getpgrp()
    if "MAKELEVEL" not in environment or not _in_foreground(group):
        yield
        return
    # A process outside the foreground group that speaks to the terminal would be stopped.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    # Ctrl-Z would stop this process while make, which nothing tells, keeps the shell waiting.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(STDIN, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(STDIN, group)


def _in_foreground(group: int) -> bool:
    """Whether stdin is a terminal whose foreground group is `group`, led by another process."""
    try:
        return group != os.getpid() and os.tcgetpgrp(STDIN) == group
    except OSError:
        return False

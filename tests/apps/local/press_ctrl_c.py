"""Runs a command on a terminal of its own and presses Ctrl-C when it says `ready`.

Prints what it said; the exit code is the command's. A program of its own, because a process with
threads, as a test run is, should not fork.
"""

import os
import pty
import select
import sys

READY = b"ready\r\n"
PATIENCE_S = 60


def main(command: list[str]) -> int:
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    said = b""
    while data := read(terminal):
        said += data
        if said.endswith(READY):
            os.write(terminal, b"\x03")
    os.close(terminal)
    sys.stdout.buffer.write(said)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def read(terminal: int) -> bytes:
    """What the terminal shows next; empty at its end, which Linux tells by an error."""
    if not select.select([terminal], [], [], PATIENCE_S)[0]:
        raise TimeoutError("nothing was said")
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m scripts.reload MODULE [PATH ...]`: run a module, and again after each change.

For containers with the source mounted: the process is asked to end (SIGTERM, so it drains) and
started anew when a Python file or template below one of the paths changes. One that ended by
itself, on a mistake in the code, waits for the next change.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

LOOK_S = 0.5
# Who edits does not want to wait for streams that drain.
DRAIN_S = 3
KINDS = {".py", ".html", ".css", ".js", ".json"}
COMMON = "shared"

Seen = dict[str, int]


def look(paths: Iterable[Path]) -> Seen:
    """File → when it was changed (ns), of all files that matter."""
    found: Seen = {}
    for path in paths:
        for file in path.rglob("*"):
            if file.suffix in KINDS:
                # An editor may just have moved it.
                with suppress(OSError):
                    found[str(file)] = file.stat().st_mtime_ns
    return found


class Reloader:
    """Keeps one process of `command` running, until it is told to end."""

    def __init__(self, command: Sequence[str], paths: Sequence[Path]) -> None:
        self._command = list(command)
        self._paths = paths
        self._running: subprocess.Popen[bytes] | None = None
        self._ends = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT; returns 0."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        seen = look(self._paths)
        self._start()
        while not self._ends:
            time.sleep(LOOK_S)
            now = look(self._paths)
            if now != seen and not self._ends:
                self._say(f"{_first_change(seen, now)} changed")
                seen = now
                self._stop()
                self._start()
        self._stop()
        return 0

    def _start(self) -> None:
        self._running = subprocess.Popen(self._command)  # noqa: S603 - what the caller asked for

    def _stop(self) -> None:
        assert self._running is not None
        self._running.terminate()
        try:
            self._running.wait(DRAIN_S)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ends = True

    def _say(self, sentence: str) -> None:
        sys.stderr.write(f"reload: {sentence}\n")


def _first_change(before: Seen, after: Seen) -> str:
    changed = {file for file, _ in before.items() ^ after.items()}
    return min(changed, default="something")


def main(arguments: Sequence[str]) -> int:
    """Run the module that the first argument names; the others are paths to watch.

    Without any, these are the module's own folder and what apps have in common.
    """
    module, *paths = arguments
    own = str(Path(*module.split(".")[:-1]))
    watched = [Path(path) for path in paths or (own, COMMON)]
    return Reloader([sys.executable, "-m", module], watched).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

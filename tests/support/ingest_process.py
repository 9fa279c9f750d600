"""Ingest as a process of its own, to be killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.servers import ROOT, answers, free_port, wait_until


class IngestProcess:
    """Starts on the same port each time."""

    def __init__(self, database_url: str, log: Path) -> None:
        self.port = free_port()
        self._log = log
        self._environment = os.environ | {
            "FORTRESS_DATABASE_URL": database_url,
            "FORTRESS_TCP_HOST": "127.0.0.1",
            "FORTRESS_TCP_PORT": str(self.port),
            "FORTRESS_TASK": "killed",
            "FORTRESS_LOG_LEVEL": "WARNING",
        }
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "apps.ingest.main"]
        with self._log.open("ab") as out:
            self._running = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=out, stderr=out
            )
        wait_until(self._up, f"ingest (its log: {self._log.read_text()[-2000:]})")

    def _up(self) -> bool:
        assert self._running is not None
        if self._running.poll() is not None:
            raise AssertionError(f"ingest ended: {self._log.read_text()[-2000:]}")
        return answers(self.port)

    def end(self, how: int = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        assert self._running is not None
        self._running.send_signal(how)
        return self._running.wait(60)

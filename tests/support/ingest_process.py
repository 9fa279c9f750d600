"""Ingest as a process of its own, to be killed."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.servers import ROOT, answers, free_port, wait_until

MODULE = "apps.ingest.main"


class IngestProcess:
    """Starts on the same port each time. `settings` by name; `module` is what runs.

    `internal`: with an internal port, of which several workers would need several.
    `teltonika_port`: where trackers connect; 0: nowhere.
    """

    def __init__(
        self,
        database_url: str,
        log: Path,
        *,
        module: str = MODULE,
        port: int | None = None,
        internal: bool = True,
        teltonika_port: int = 0,
        **settings: object,
    ) -> None:
        self.port = port or free_port()
        self.internal_port = free_port() if internal else 0
        self.teltonika_port = teltonika_port
        self._log = log
        self._command = [sys.executable, "-m", module]
        chosen = {
            "database_url": database_url,
            "tcp_host": "127.0.0.1",
            "tcp_port": self.port,
            "internal_port": self.internal_port,
            "teltonika_port": teltonika_port,
            "task": "killed",
            "log_level": "WARNING",
            **settings,
        }
        self._environment = os.environ | {
            f"FORTRESS_{name.upper()}": str(value) for name, value in chosen.items()
        }
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._running = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=out, stderr=out
            )
        wait_until(self._up, f"ingest (its log: {self.log[-2000:]})")

    def _up(self) -> bool:
        assert self._running is not None
        if self._running.poll() is not None:
            raise AssertionError(f"ingest ended: {self.log[-2000:]}")
        return answers(self.port) and (not self.internal_port or answers(self.internal_port))

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    def end(self, how: int = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        assert self._running is not None
        self._running.send_signal(how)
        return self._running.wait(60)

    def kill(self) -> None:
        """End it if it runs."""
        if self._running is not None and self._running.poll() is None:
            self.end(signal.SIGKILL)

    @property
    def rss_mib(self) -> float:
        """Memory in use now. Linux only."""
        assert self._running is not None
        status = Path(f"/proc/{self._running.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU used so far, in the kernel too. Linux only."""
        status = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(status[11]) + int(status[12])) / os.sysconf("SC_CLK_TCK")

    async def metrics(self) -> dict[str, float]:
        """What /metrics says: by name, with labels as they are written there."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.internal_port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        text = (await asyncio.wait_for(reader.read(), 10)).decode()
        writer.close()
        lines = [line.rsplit(" ", 1) for line in text.split("\r\n\r\n", 1)[1].splitlines()]
        return {line[0]: float(line[1]) for line in lines if not line[0].startswith("#")}

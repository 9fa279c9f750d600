"""A MariaDB server of one's own, to be killed, stopped and started again."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.servers import (
    answers,
    free_port,
    guard,
    mariadb_command,
    new_folder,
    remove_leftovers,
    wait_until,
)

# Small: recovery after a kill should take the time of its work, not of its buffers.
SIZES = ("--innodb-buffer-pool-size=128M", "--innodb-log-file-size=64M")
END_S = 20


class MariadbProcess:
    """The same data folder and port whenever it starts."""

    def __init__(self, folder: Path, *extra: str) -> None:
        self.port = free_port()
        self.data = folder / "data"
        self.url = f"mysql+aiomysql://root@127.0.0.1:{self.port}"
        self._log = folder / "log"
        self._command = mariadb_command(self.data, self.port, *SIZES, *extra)
        self._running: subprocess.Popen[bytes] | None = None
        self._guard = ExitStack()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        with self._log.open("ab") as out:
            self._running = subprocess.Popen(
                self._command, stdout=out, stderr=out, start_new_session=True
            )
        self._guard.enter_context(guard(self._running.pid))
        wait_until(self._up, "mariadbd")

    def _up(self) -> bool:
        if not self.alive:
            raise AssertionError(f"mariadbd ended: {self.log[-2000:]}")
        return answers(self.port)

    def kill(self) -> None:
        """SIGKILL."""
        self.send(signal.SIGKILL)
        self._wait()

    def send(self, sign: int) -> None:
        assert self._running is not None
        self._running.send_signal(sign)

    def end(self) -> None:
        """Shut down in order, or kill what does not end."""
        if self.alive:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            self._wait()

    def _wait(self) -> None:
        assert self._running is not None
        try:
            self._running.wait(END_S)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()
        self._guard.close()


@contextmanager
def mariadb_process(*extra: str, inside: Path | None = None) -> Iterator[MariadbProcess]:
    """A server that runs, with its data under var/test or in the folder `inside`."""
    remove_leftovers()
    folder = new_folder("mariadb")
    try:
        server = MariadbProcess(inside or folder, *extra)
        server.start()
        try:
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

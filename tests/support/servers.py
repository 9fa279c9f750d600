"""Real servers for tests: each on a free port with its own folder under var/, stopped after."""

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var" / "test"
START_S = 60


# Below those that systems give to outgoing connections, which would take one before its server
# does. Each process begins elsewhere and gives none twice.
PORTS = range(12_000, 32_000)
_ports = itertools.islice(itertools.cycle(PORTS), random.randrange(len(PORTS)), None)


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the ports have no end")


def find(*names: str) -> str:
    """The first program of `names` that is installed. Says what to install when none is."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
    for name in names:
        found = shutil.which(name, path=places)
        if found:
            return found
    raise RuntimeError(f"{names[0]} is needed: install it (apt-get install, brew install)")


def wait_until(ready: Callable[[], bool], what: str, seconds: float = START_S) -> None:
    """Poll until `ready`; raises when `seconds` pass. For processes outside the event loop."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {seconds:g} s")
        time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(
    command: list[str],
    log: Path,
    sign: int = signal.SIGTERM,
    *,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command`, with `environment` added to ours, until the block ends; it is asked with
    `sign`, then killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        env = {**os.environ, **(environment or {})}
        running = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, env=env)
    try:
        with guard(running.pid):
            yield running
    finally:
        if running.poll() is None:
            running.send_signal(sign)
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


@contextmanager
def guard(pid: int) -> Iterator[None]:
    """End `pid` even if this process is killed: the guard's input ends with it."""
    # Also one that is stopped: it hears the signal when it goes on.
    command = ["sh", "-c", f"read _; kill {pid}; kill -CONT {pid}"]
    watching = subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert watching.stdin is not None
    try:
        yield
    finally:
        watching.kill()
        watching.wait()
        watching.stdin.close()


def remove_leftovers() -> None:
    """Folders of runs that were killed. Their names carry the process that made them."""
    for folder in VAR.glob("*-*-*"):
        maker = folder.name.split("-")[1]
        if maker.isdigit() and not _is_alive(int(maker)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def new_folder(kind: str) -> Path:
    """An empty folder of its own under var/test."""
    folder = VAR / f"{kind}-{os.getpid()}-{free_port()}"
    folder.mkdir(parents=True)
    return folder


def _install(data: Path, common: list[str]) -> None:
    """Make the system tables in the folder `data`."""
    command = [find("mariadb-install-db", "mysql_install_db"), "--no-defaults", *common]
    command += ["--auth-root-authentication-method=normal", "--skip-test-db"]
    done = subprocess.run(
        [*command, f"--datadir={data}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"mariadb-install-db failed: {done.stdout}")


def mariadb_command(data: Path, port: int, *extra: str) -> list[str]:
    """How a MariaDB server is started on the data folder `data`, which is made where it is not."""
    # A server that starts deletes what it finds in its folder for temporary tables, others' too.
    temporary = data.with_name("tmp")
    temporary.mkdir(parents=True, exist_ok=True)
    common = [f"--tmpdir={temporary}", *(["--user=root"] if os.geteuid() == 0 else [])]
    if not data.exists():
        _install(data, common)
    return [
        find("mariadbd", "mysqld"),
        "--no-defaults",
        f"--datadir={data}",
        "--socket=s",  # in the data folder: a socket's whole path may have 107 characters
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--character-set-server=utf8mb4",
        "--transaction-isolation=READ-COMMITTED",
        "--innodb-buffer-pool-size=512M",
        "--innodb-log-file-size=256M",
        "--max-connections=500",
        "--max-allowed-packet=64M",
        *common,
        *extra,
    ]


@contextmanager
def mariadb(*extra: str) -> Iterator[str]:
    """A MariaDB server; yields `mysql+aiomysql://root@127.0.0.1:port` without a database."""
    remove_leftovers()
    folder = new_folder("mariadb")
    port = free_port()
    try:
        command = mariadb_command(folder / "data", port, *extra)
        with process(command, folder / "log"):
            wait_until(lambda: answers(port), "mariadbd")
            yield f"mysql+aiomysql://root@127.0.0.1:{port}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def valkey(port: int | None = None, *extra: str) -> Iterator[str]:
    """A Valkey (or Redis) server; yields `redis://127.0.0.1:port/0`. `extra`: what it is told."""
    folder = new_folder("valkey")
    port = port or free_port()
    command = [find("valkey-server", "redis-server"), "--port", str(port), "--save", ""]
    command += ["--bind", "127.0.0.1", "--dir", str(folder), *extra]
    try:
        with process(command, folder / "log"):
            wait_until(lambda: answers(port), "valkey-server")
            yield f"redis://127.0.0.1:{port}/0"
    finally:
        shutil.rmtree(folder, ignore_errors=True)

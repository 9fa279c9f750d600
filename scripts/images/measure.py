"""Starting an image as it runs for real: no privileges, nothing writable but /tmp and its data."""

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scripts.images.engine import Engine, EngineError
from scripts.images.plan import MB, START_S, Image, Measured, Start

DATABASE: Final = "sqlite+aiosqlite:////data/fortress.db"
# As infra and compose run it: nothing of the root file system can be written.
RESTRAINED: Final = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)
GIVE_UP_S: Final = 30.0
TRIES: Final = 5
LOOK_S: Final = 0.005
READY: Final = {9090: "/readyz", 8000: "/readyz"}


@contextmanager
def migrated(engine: Engine, migrations: Image) -> Iterator[Path]:
    """A folder with a database that the image of the migrations has made."""
    with tempfile.TemporaryDirectory(prefix="fortress-images-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o777)
        engine.call("run", "--rm", *RESTRAINED, *_data(folder), migrations.tag)
        yield folder


def measure(engine: Engine, image: Image, base_bytes: int, data: Path) -> Measured:
    """Size, and seconds from the container's start until each port serves."""
    size = engine.inspect(image.tag)["Size"]
    found, note = None, ""
    if image.serves:
        try:
            found = best_start(engine, image, data)
        except EngineError as error:
            note = str(error)
    return Measured(
        image=image,
        size_mb=size / MB,
        added_mb=(size - base_bytes * (not image.from_nothing)) / MB,
        start=found,
        note=note,
    )


def best_start(engine: Engine, image: Image, data: Path) -> Start:
    """The shortest of up to `TRIES`: noise only ever adds. The first within the limit is enough."""
    tried = [start(engine, image, data)]
    while tried[-1].own_s > START_S and len(tried) < TRIES:
        tried.append(start(engine, image, data))
    return min(tried, key=lambda one: one.own_s)


def start(engine: Engine, image: Image, data: Path) -> Start:
    """Start a container and wait until all its ports serve; else raise `EngineError`."""
    ports = [f"--publish=127.0.0.1::{port}" for port in image.serves]
    settings = bastion_settings() if image.name == "bastion" else _data(data)
    container = engine.call("create", *RESTRAINED, *settings, *ports, image.tag).strip()
    try:
        engine.call("start", container)
        bound = engine.inspect(container)["NetworkSettings"]["Ports"]
        for port in image.serves:
            _wait(engine, container, port, int(bound[f"{port}/tcp"][0]["HostPort"]))
        ready = time.time()
        state = engine.inspect(container)["State"]
        began = datetime.fromisoformat(state["StartedAt"])
        return Start(ready - began.timestamp(), _waited(state["Pid"]))
    finally:
        engine.call("rm", "--force", "--volumes", container)


def _wait(engine: Engine, container: str, port: int, published: int) -> None:
    deadline = time.monotonic() + GIVE_UP_S
    while not _serves(port, published):
        if time.monotonic() > deadline:
            logs = engine.call("logs", "--tail=5", container)
            raise EngineError(f"port {port} did not serve within {GIVE_UP_S:g} s: {logs}")
        time.sleep(LOOK_S)


def _waited(pid: int) -> float:
    """Seconds that the main thread could run and was not let; 0 where that is not to be known.

    Linux, Documentation/scheduler/sched-stats.rst: the second number, in nanoseconds.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _serves(port: int, published: int) -> bool:
    """Whether the container's `port` answers 200 to the question for readiness; a port that is not
    HTTP, whether it takes a connection and keeps it (an engine's own proxy takes any).
    """
    if port in READY:
        connection = HTTPConnection("127.0.0.1", published, timeout=2)
        with suppress(OSError, HTTPException):
            connection.request("GET", READY[port])
            return connection.getresponse().status == 200
        connection.close()
        return False
    with suppress(OSError), socket.create_connection(("127.0.0.1", published), 1) as peer:
        peer.sendall(b"\n")
        peer.settimeout(0.05)
        try:
            return peer.recv(1) != b""
        except TimeoutError:
            return True
    return False


def bastion_settings(database: str = "127.0.0.1:3306") -> tuple[str, ...]:
    """What the bastion needs to start, with a host key of its own."""
    key = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
    )
    return (
        f"--env=FORTRESS_BASTION_DATABASE={database}",
        f"--env=FORTRESS_BASTION_HOST_KEY={key.decode()}",
    )


def _data(folder: Path) -> tuple[str, ...]:
    return (
        f"--volume={folder}:/data",
        f"--env=FORTRESS_DATABASE_URL={DATABASE}",
        "--env=FORTRESS_STORAGE_URL=file:///data/files",
        "--env=FORTRESS_BUS_URL=memory://",
    )

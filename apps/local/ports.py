"""Taking ports and the folder before anything starts, so that nothing is half started."""

import errno
import fcntl
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.errors import Conflict

BACKLOG = 4096


@dataclass(frozen=True, slots=True)
class Sockets:
    """What is listened on. `trackers`: none where they are not listened for."""

    http: socket.socket
    devices: socket.socket
    trackers: socket.socket | None


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket, non-blocking. Raises `Conflict` that says which `setting` to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _taken(error, host, port, setting) from None
    listener.setblocking(False)
    return listener


def listen_near(host: str, port: int | None, usual: int, setting: str) -> socket.socket | None:
    """As `listen`; none for port 0. Where none is asked for, on the `usual` one, or on a free one
    where that cannot be had: so that a second process does not stumble over it.
    """
    if port == 0:
        return None
    if port is not None:
        return listen(host, port, setting)
    try:
        return listen(host, usual, setting)
    except Conflict:
        return listen(host, 0, setting)


def _taken(error: OSError, host: str, port: int, setting: str) -> Conflict:
    example = f"make run {setting}={port + 1 if port < 65535 else 8000}"
    if error.errno == errno.EADDRINUSE:
        return Conflict(f"port {port} is in use by another program; choose another: {example}")
    if error.errno == errno.EACCES:
        return Conflict(f"port {port} may not be used without privileges; try: {example}")
    return Conflict(f"cannot listen at {host}:{port}: {error.strerror}")


def lock(folder: Path) -> IO[str]:
    """The folder's lock, held until the file is closed or the process ends.

    Two processes with the same devices would take each other's connections over for ever.
    Raises `Conflict` when another process has it, or when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = (folder / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise Conflict(
            f"{folder}/ cannot be used as the folder of the data ({error.strerror}); "
            "choose another: make run VAR=other"
        ) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.seek(0)
        owner = held.read().strip() or "unknown"
        held.close()
        raise Conflict(
            f"Fortress runs from {folder}/ already (process {owner}); stop it, "
            "or use another folder and other ports: make run VAR=other PORT=8001 TCP_PORT=9001"
        ) from None
    held.truncate(0)
    held.write(f"{os.getpid()}\n")
    held.flush()
    return held

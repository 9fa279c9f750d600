"""A disk that is full."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.rig import Outcome, folder, rig
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess, mariadb_process
from tests.support.until import until

# Room for an empty server, and some.
DISK_MIB = 320
BLOCK = 1 << 20


class NoSmallDiskError(Exception):
    """A small file system cannot be made here."""


async def full(_server: MariadbProcess, size: Size) -> Outcome:
    """A server of its own on a small file system, of which somebody else takes the rest."""
    with small_disk() as disk, mariadb_process(inside=disk) as server:
        async with rig(server) as tried, tried.talking():
            ballast = disk / "ballast"
            fill(ballast)
            await until(tried.failing, "a full disk that is noticed", 60)
            await tried.holds_up(size.lasts_s)
            ballast.unlink()
            if not server.alive:
                await asyncio.to_thread(server.start)
            await tried.recovers()
    return tried.outcome


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system in memory of `DISK_MIB`. Raises `NoSmallDiskError` where none is allowed."""
    with folder("disk") as place:
        options = f"size={DISK_MIB}m"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise NoSmallDiskError(f"`{' '.join(command)}`: {mounted.stderr.strip()}")
        try:
            yield place
        finally:
            subprocess.run(["umount", str(place)], check=True)


def fill(path: Path) -> None:
    """Write to `path` until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * BLOCK)
        except OSError:
            os.fsync(file.fileno())

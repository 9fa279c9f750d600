"""AWS's stand-in: moto's server, in a process of its own."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support import servers


@contextmanager
def moto_server() -> Iterator[str]:
    """A moto server on a free port; yields its address."""
    folder = servers.new_folder("moto")
    port = servers.free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    try:
        with servers.process(command, folder / "log"):
            servers.wait_until(lambda: servers.answers(port), "moto's server")
            yield f"http://127.0.0.1:{port}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)

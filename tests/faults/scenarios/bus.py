"""The bus only hurries: without it nothing is late that a device waits for."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from shared.bus.valkey import ValkeyBus
from tests.faults.rig import Outcome, Rig, folder, rig
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess
from tests.support.servers import answers, find, free_port, process, wait_until
from tests.support.until import until

UNPUBLISHED = "fortress_bus_unpublished_total"


async def killed(server: MariadbProcess, size: Size) -> Outcome:
    port = free_port()
    async with rig(server, bus_url=url(port)) as tried, tried.talking():
        with valkey(port):
            await _live(tried, port)
        # The end of the block killed it.
        await tried.recovers()
        await tried.said(UNPUBLISHED)
        await tried.holds_up(size.lasts_s)
        with valkey(port):
            await _live(tried, port)
            await tried.recovers()
    return tried.outcome


async def stopped(server: MariadbProcess, size: Size) -> Outcome:
    """It takes connections and answers nothing."""
    port = free_port()
    with valkey(port) as running:
        async with rig(server, bus_url=url(port)) as tried, tried.talking():
            await _live(tried, port)
            running.send_signal(signal.SIGSTOP)
            await tried.said(UNPUBLISHED)
            # Devices are acknowledged as before, while it lasts.
            await tried.recovers()
            await tried.holds_up(size.lasts_s)
            running.send_signal(signal.SIGCONT)
            await _live(tried, port)
            await tried.recovers()
    return tried.outcome


async def _live(tried: Rig, port: int) -> None:
    """Wait until what is committed can be watched."""
    bus = ValkeyBus(url(port))
    watched = await bus.subscribe(f"live:{tried.tenant.public_id}")
    try:
        await until(lambda: watched.get(1.0), "a live frame", 30)
    finally:
        await bus.close()


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


@contextmanager
def valkey(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A server that is killed at the end."""
    with folder("valkey") as place:
        command = [find("valkey-server", "redis-server"), "--port", str(port), "--save", ""]
        command += ["--bind", "127.0.0.1", "--dir", str(place)]
        with process(command, place / "log", signal.SIGKILL) as running:
            wait_until(lambda: answers(port), "valkey-server")
            yield running

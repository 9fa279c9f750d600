"""`fortress up`: the six apps, ingest and a small fleet in one process."""

import asyncio
import os
import signal
from contextlib import ExitStack

import uvloop
from rich.console import Console

from apps.local import logs, ports, screen, terminal
from apps.local.demo import FIRST_STEPS
from apps.local.ports import Sockets
from apps.local.settings import TELTONIKA_PORT, LocalSettings

# Signals this close to the first are the first.
SAME_S = 0.3


def run(settings: LocalSettings, *, as_json: bool = False) -> int:
    """Run until SIGINT or SIGTERM, then drain. Returns the exit code.

    `as_json`: what the screen would say is one JSON document on stdout, the rest goes to stderr.
    Raises `DomainError` with one sentence when it cannot start; nothing runs then.
    """
    with ExitStack() as held:
        held.enter_context(terminal.alone())
        held.enter_context(ports.lock(settings.var))
        http = held.enter_context(ports.listen(settings.host, settings.port, "PORT"))
        devices = held.enter_context(ports.listen(settings.host, settings.tcp_port, "TCP_PORT"))
        trackers = ports.listen_near(
            settings.host, settings.teltonika_port, TELTONIKA_PORT, "TELTONIKA_PORT"
        )
        if trackers is not None:
            held.enter_context(trackers)
        logs.start(settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sockets = Sockets(http, devices, trackers)
            code = runner.run(_run(settings, sockets, as_json=as_json))
        # All is done: an impatient Ctrl-C should not make a failure of it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return code


async def _run(settings: LocalSettings, sockets: Sockets, *, as_json: bool) -> int:
    console = Console(stderr=as_json)
    stop = _stop_on_signals()
    # Half of the time to start is these imports; ports in use should be told of before.
    from apps.local.composition import everything  # noqa: PLC0415 - as said above

    async with everything(settings, sockets) as running:
        facts = screen.Facts(
            settings=settings,
            port=sockets.http.getsockname()[1],
            tcp_port=running.tcp_port,
            teltonika_port=running.teltonika_port,
            email=running.demo.email,
            password=running.demo.password,
            key=running.demo.key,
            token=running.demo.tokens[FIRST_STEPS],
        )
        if as_json:
            screen.write(facts)
        elif not stop.is_set():
            screen.show(console, facts)
        ended = await _first(stop, running.server)
        console.print("\nStopping: what was acknowledged is stored. Ctrl-C again: at once.")
    console.print("Stopped." if ended == 0 else "Stopped, because the HTTP server ended.")
    return ended


async def _first(stop: asyncio.Event, server: asyncio.Task[None]) -> int:
    """Wait for a signal (0) or for the server to end by itself (1)."""
    signalled = asyncio.create_task(stop.wait())
    await asyncio.wait([signalled, server], return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    return 0 if stop.is_set() else 1


def _stop_on_signals() -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets. A later one ends the process at once.

    What sends a signal to a process and to its group, as timeout(1) does, means it once.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = 0.0

    def stop_or_force(number: int) -> None:
        nonlocal first
        if not stop.is_set():
            first = loop.time()
            stop.set()
        elif loop.time() - first > SAME_S:
            os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_or_force, number)
    return stop

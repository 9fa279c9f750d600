"""`fortress demo` and `fortress fleet`: what `make run` makes, where the apps run on their own."""

import asyncio
import signal
from typing import Annotated, Any

import typer

from apps.cli.connection import Host, TcpPort
from apps.cli.database import opened
from apps.cli.output import Json, document, examples, facts
from apps.fleet.kinds import PROFILES
from apps.local import demo as local_demo
from apps.local import fleet as local_fleet
from apps.local.settings import LocalSettings, load_local
from shared.clock import SystemClock

Devices = Annotated[
    int | None, typer.Option(min=0, max=1000, help="How many devices. Default: FORTRESS_FLEET.")
]

app = typer.Typer()


@app.command("demo", epilog=examples("fortress demo", "fortress demo --devices 0 --json"))
def demo(*, devices: Devices = None, as_json: Json = False) -> None:
    """Find or make the organisation Demo with its devices; print its sign-in and a key of it.

    The password, the key and the devices' tokens are kept in demo.json under FORTRESS_VAR.
    """
    settings = _settings(devices)
    found = asyncio.run(_prepare(settings))
    token = found.tokens[local_demo.FIRST_STEPS]
    made: dict[str, Any] = {
        "organisation": found.organisation,
        "email": found.email,
        "password": found.password or ("" if as_json else "the one that you have set"),
        "key": found.key,
        "device": local_demo.FIRST_STEPS,
        "token": token,
    }
    if as_json:
        document(made)
    else:
        facts(made)


@app.command("fleet", epilog=examples("fortress fleet", "fortress fleet --host ingest --devices 5"))
def fleet(*, devices: Devices = None, host: Host = "127.0.0.1", tcp_port: TcpPort = 0) -> None:
    """Run the small fleet of the organisation Demo until Ctrl-C or SIGTERM."""
    asyncio.run(_run(_settings(devices), host, tcp_port))


def _settings(devices: int | None) -> LocalSettings:
    return load_local() if devices is None else load_local(fleet=devices)


async def _prepare(settings: LocalSettings) -> local_demo.Demo:
    wanted = local_fleet.wanted(settings.fleet)
    file = settings.var / "demo.json"
    async with opened(settings) as database:
        return await local_demo.prepare(database, SystemClock(), file, PROFILES, wanted)


async def _run(settings: LocalSettings, host: str, tcp_port: int) -> None:
    found = await _prepare(settings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = tcp_port or settings.tcp_port
    async with local_fleet.running(settings.fleet, found.tokens, host, port):
        await stop.wait()

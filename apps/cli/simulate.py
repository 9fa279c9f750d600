"""`fortress simulate`."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from apps.cli.connection import ApiUrl, Host, Key, Rotate, Target, TcpPort, target
from apps.cli.output import Json, complain, document, examples, facts
from apps.cli.running import bar, stoppable
from apps.fleet.client import system_ms
from apps.fleet.scenario import Fault, Scenario
from apps.fleet.simulator import Progress, Report, Simulation
from apps.fleet.tracks import TrackSimulation
from apps.local.settings import TELTONIKA_PORT, load_local
from shared.errors import Invalid
from shared.telemetry.clean import clean

FAULTS = ", ".join(Fault)

app = typer.Typer()


@app.command(
    "simulate",
    epilog=examples(
        "fortress simulate --devices 20 --rate 200 --seconds 10",
        "fortress simulate --devices 100 --rate 1000 --faults all --seed 7",
        "fortress simulate --faults half-open,storm --json",
        "fortress simulate --teltonika --devices 50 --rate 500 --faults all",
    ),
)
def simulate(
    *,
    devices: Annotated[int, typer.Option(min=1, max=100_000, help="How many devices.")] = 20,
    rate: Annotated[float, typer.Option(min=0.001, help="Messages a second, of all.")] = 100,
    seconds: Annotated[float, typer.Option(min=0.1, max=604_800, help="For how long.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 0,
    faults: Annotated[str, typer.Option(help=f"Of {FAULTS}, with commas; or all.")] = "",
    teltonika: Annotated[
        bool,
        typer.Option(
            "--teltonika",
            help="Teltonika trackers, on --tcp-port or 9001; of faults they have one: they cut the"
            " connection before the answer.",
        ),
    ] = False,
    prefix: Annotated[str, typer.Option(help="What the devices' uids begin with.")] = "sim",
    key: Key = "",
    api: ApiUrl = "",
    host: Host = "127.0.0.1",
    tcp_port: TcpPort = 0,
    rotate: Rotate = False,
    as_json: Json = False,
) -> None:
    """Run simulated devices, then compare what was acknowledged with what the API returns.

    Exit code 1 when anything acknowledged is missing, doubled or different.

    Ctrl-C ends the sending; what was sent is still drained and compared.
    """
    scenario = Scenario(
        devices=devices,
        rate=rate,
        seconds=seconds,
        seed=seed,
        start_ms=system_ms(),
        faults=_faults(faults),
        prefix=prefix,
    )
    settings = load_local()
    if teltonika:
        tcp_port = tcp_port or settings.teltonika_port or TELTONIKA_PORT
    service = target(settings, api=api, key=key, host=host, tcp_port=tcp_port)
    if teltonika:
        report = asyncio.run(_track(scenario, service, quiet=as_json))
    else:
        report = asyncio.run(_simulate(scenario, service, rotate=rotate, quiet=as_json))
    if as_json:
        document({"ok": report.ok, **asdict(report)})
    else:
        conclude(report)
    raise typer.Exit(0 if report.ok else 1)


def _faults(text: str) -> frozenset[Fault]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return frozenset(Fault)
    try:
        return frozenset(Fault(name) for name in names)
    except ValueError:
        raise Invalid(f"--faults: {clean(text)} are not of {FAULTS}") from None


async def _simulate(scenario: Scenario, service: Target, *, rotate: bool, quiet: bool) -> Report:
    async with service.api() as api:
        with _progress(scenario, quiet=quiet) as show:
            simulation = Simulation(
                scenario,
                api,
                service.registry(api, rotate=rotate),
                host=service.host,
                port=service.port,
                on_progress=show,
            )
            return await stoppable(simulation.run(), simulation.stop)


async def _track(scenario: Scenario, service: Target, *, quiet: bool) -> Report:
    async with service.api() as api:
        with _progress(scenario, quiet=quiet) as show:
            simulation = TrackSimulation(
                scenario, api, host=service.host, port=service.port, on_progress=show
            )
            return await stoppable(simulation.run(), simulation.stop)


@contextmanager
def _progress(scenario: Scenario, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    with bar(scenario.devices * scenario.count, shown=not quiet) as line:

        def show(now: Progress) -> None:
            pace = now.acked / max(now.seconds, 0.001)
            said = f"{now.acked:,} acknowledged, {pace:,.0f}/s, {now.waiting:,} waiting"
            line.show(now.acked, f"{said}, {now.online} of {scenario.devices} online")

        yield show


def conclude(report: Report) -> None:
    """Print how it ended; on stderr, what was not as it should be."""
    verdict = report.verdict
    values: dict[str, Any] = {
        "devices": f"{report.devices}, {report.connects} connections",
        "sent": f"{report.sent:,} in {report.seconds:.1f} s",
        "acknowledged": f"{report.acked:,} ({report.acked / report.seconds:,.0f}/s)",
        "not acknowledged": report.waiting,
        "rejected": verdict.rejected,
        "stored": f"{verdict.stored:,}",
        "missing": verdict.missing,
        "duplicated": verdict.duplicated,
        "differing": verdict.differing,
        "unexpected": verdict.unexpected + verdict.wrongly_rejected,
    }
    if report.faults:
        values["faults"] = ", ".join(f"{name} {count}" for name, count in report.faults.items())
    facts(values)
    for example in verdict.examples:
        complain(example)
    if not report.verdict.ok:
        complain("The service did not keep its promise.")
    elif not report.ok:
        complain(_unheard(report))


def _unheard(report: Report) -> str:
    """Messages without an acknowledgement promise nothing; something was in the way of them."""
    if report.connects == 0:
        return "No device could connect: is ingest running, and at --host and --tcp-port?"
    return f"{report.waiting:,} messages were not acknowledged in time: is ingest still running?"

"""`fortress replay`."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.connection import ApiUrl, Host, Key, Rotate, Target, TcpPort, target
from apps.cli.output import Json, complain, document, examples, facts
from apps.cli.running import INTERRUPTED, bar, stoppable
from apps.fleet.csv_source import CsvSource
from apps.fleet.guess import guess
from apps.fleet.mapping import ColumnMapping, load_mapping
from apps.fleet.replay import Replay, Summary
from apps.local.settings import load_local

SHOWN = 20

app = typer.Typer()


@app.command(
    "replay",
    epilog=examples(
        "fortress replay room.csv",
        "fortress replay office_sensors.csv --map office",
        "fortress replay log.csv --map temp=Temperature:number,door=Door:boolean "
        "--time Date --time Time --format '%d.%m.%Y %H:%M' --zone Europe/Brussels --device room-1",
        "fortress replay sessions.csv --map charging --json",
    ),
)
def replay(
    file: Annotated[Path, typer.Argument(help="CSV; comma, semicolon or tab.")],
    *,
    map_text: Annotated[
        str,
        typer.Option(
            "--map",
            help="office, charging, a .toml or .json file, or name=Column:kind,… "
            "Default: every column is a metric.",
        ),
    ] = "",
    device: Annotated[str, typer.Option(help="Uid of the one device.")] = "",
    device_column: Annotated[str, typer.Option(help="Column of device uids.")] = "",
    device_prefix: Annotated[str, typer.Option(help="Put before that column's values.")] = "",
    time: Annotated[
        list[str] | None, typer.Option(help="Column of the time; repeat it to join several.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="iso, s, ms, or strptime's.")] = "",
    zone: Annotated[str, typer.Option(help="Zone of local times, as Europe/Brussels.")] = "",
    event: Annotated[str, typer.Option(help="Rows are events of this name.")] = "",
    speed: Annotated[
        float, typer.Option(min=0, help="1: the file's pace; 60: a minute a second; 0: all.")
    ] = 0,
    key: Key = "",
    api: ApiUrl = "",
    host: Host = "127.0.0.1",
    tcp_port: TcpPort = 0,
    rotate: Rotate = False,
    as_json: Json = False,
) -> None:
    """Send the rows of a CSV file as readings or events. Replaying again changes nothing.

    Devices that do not exist are created. Bad rows are reported by line, the rest goes on.

    Exit code 1 when a row was bad or rejected, 130 when Ctrl-C stopped it.
    """
    source = CsvSource(file)
    if map_text:
        mapping = load_mapping(
            map_text,
            device=device,
            device_column=device_column,
            device_prefix=device_prefix,
            time=tuple(time or ()),
            format=form,
            zone=zone,
            event=event,
        )
    else:
        mapping = guess(source, device=device, zone=zone or "UTC")
    service = target(load_local(), api=api, key=key, host=host, tcp_port=tcp_port)
    summary = asyncio.run(
        _replay(source, mapping, service, speed=speed, rotate=rotate, quiet=as_json)
    )
    if as_json:
        document({"ok": _code(summary) == 0, **asdict(summary)})
    else:
        _show(summary)
    raise typer.Exit(_code(summary))


def _code(summary: Summary) -> int:
    if summary.stopped:
        return INTERRUPTED
    return 1 if summary.bad or summary.rejected or not summary.complete else 0


async def _replay(
    source: CsvSource,
    mapping: ColumnMapping,
    service: Target,
    *,
    speed: float,
    rotate: bool,
    quiet: bool,
) -> Summary:
    began = asyncio.get_running_loop().time()
    async with service.api() as api:
        with bar(source.count(), shown=not quiet) as line:

            def show(now: Summary) -> None:
                pace = now.rows / max(asyncio.get_running_loop().time() - began, 0.001)
                line.show(now.rows, f"{now.rows:,} rows, {pace:,.0f}/s, {now.acked:,} acknowledged")

            running = Replay(
                source,
                mapping,
                service.registry(api, rotate=rotate),
                host=service.host,
                port=service.port,
                speed=speed,
                on_row=show,
            )
            return await stoppable(running.run(), running.stop)


def _show(summary: Summary) -> None:
    facts(
        {
            "rows": f"{summary.rows:,}",
            "devices": summary.devices,
            "acknowledged": f"{summary.acked:,} of {summary.sent:,} sent",
            "there already": f"{summary.already:,}",
            "bad": len(summary.bad),
            "rejected": len(summary.rejected),
        }
    )
    for line, reason in summary.bad[:SHOWN]:
        complain(f"line {line}: {reason}")
    for line, code, detail in summary.rejected[:SHOWN]:
        complain(f"line {line}: rejected, {code}: {detail}")
    hidden = max(len(summary.bad) - SHOWN, 0) + max(len(summary.rejected) - SHOWN, 0)
    if hidden:
        complain(f"and {hidden} more; see --json")

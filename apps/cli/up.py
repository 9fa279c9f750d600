"""`fortress up`."""

from typing import Annotated

import typer

from apps.cli.output import Json, examples
from apps.local.settings import load_local

app = typer.Typer()


@app.command(
    "up",
    epilog=examples("fortress up", "fortress up --fleet 0 --port 8080", "fortress up --var /tmp/f"),
)
def up(
    port: Annotated[int | None, typer.Option(help="Port of the six apps.")] = None,
    tcp_port: Annotated[int | None, typer.Option(help="Port for devices.")] = None,
    fleet: Annotated[int | None, typer.Option(help="Simulated devices; 0: none.")] = None,
    var: Annotated[str | None, typer.Option(help="Folder of the data.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Run everything in one process until Ctrl-C: six apps, ingest and a small fleet."""
    given = {"port": port, "tcp_port": tcp_port, "fleet": fleet, "var": var}
    settings = load_local(**{name: value for name, value in given.items() if value is not None})
    # The web apps are not installed wherever the command is.
    from apps.local.main import run  # noqa: PLC0415 - as said above

    raise typer.Exit(run(settings, as_json=as_json))

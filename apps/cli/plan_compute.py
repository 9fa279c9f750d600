"""`fortress plan compute`."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.output import Json, document, examples
from apps.cli.plan import needs_infra, write_page
from shared.money import decimal

app = typer.Typer()

Persistent = Annotated[
    bool, typer.Option("--persistent/--no-persistent", help="It holds connections.")
]
Continuous = Annotated[
    bool, typer.Option("--continuous/--no-continuous", help="It runs all the time.")
]
Duration = Annotated[str, typer.Option(help="Seconds that a message or job takes.")]
Messages = Annotated[int, typer.Option(help="Messages or jobs a day.")]
Cpu = Annotated[int, typer.Option(help="Percent of that time that is computing; the rest waits.")]
Memory = Annotated[str, typer.Option(help="GB of memory.")]
Disk = Annotated[int, typer.Option(help="GB of disk that stays.")]
Gpu = Annotated[bool, typer.Option("--gpu/--no-gpu", help="It needs a GPU.")]
Html = Annotated[Path | None, typer.Option(help="Write a page with charts to this file.")]


@app.command(
    "compute",
    epilog=examples(
        "fortress plan compute --persistent --messages-a-day 14400000 --duration-s 0.001",
        "fortress plan compute --duration-s 0.2 --messages-a-day 50000",
        "fortress plan compute --duration-s 5400 --messages-a-day 4 --memory-gb 8",
        "fortress plan compute --continuous --gpu --html var/plan/compute.html",
    ),
)
def compute(
    *,
    persistent: Persistent = False,
    continuous: Continuous = False,
    duration_s: Duration = "0.1",
    messages_a_day: Messages = 1_000_000,
    cpu_percent: Cpu = 20,
    memory_gb: Memory = "0.5",
    disk_gb: Disk = 0,
    gpu: Gpu = False,
    html: Html = None,
    as_json: Json = False,
) -> None:
    """Say which compute a workload belongs on, why, and what every kind costs a month."""
    with needs_infra():
        # Arithmetic of AWS is in a clone, not in the image of this command.
        from infra.plan import compute as rule  # noqa: PLC0415 - as said above
        from infra.plan import compute_report, prices  # noqa: PLC0415 - the same
        from infra.plan.pages import compute as page  # noqa: PLC0415 - the same
    workload = rule.Workload(
        persistent=persistent,
        continuous=continuous,
        duration_s=decimal(duration_s),
        messages_a_day=messages_a_day,
        cpu_percent=cpu_percent,
        memory_gb=decimal(memory_gb),
        disk_gb=disk_gb,
        gpu=gpu,
    )
    table = prices.load()
    choice = rule.choose(workload, table)
    write_page(html, page.render(choice, table))
    if as_json:
        document(compute_report.document(choice, table))
    else:
        typer.echo(compute_report.text(choice, table), nl=False)

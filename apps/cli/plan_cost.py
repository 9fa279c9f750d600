"""`fortress plan cost`."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from apps.cli.output import Json, complain, document, examples
from apps.cli.plan import needs_infra, write_page
from shared.errors import Invalid
from shared.telemetry.clean import clean

app = typer.Typer()

LoadName = Annotated[str, typer.Option("--load", help="articles, pilot or national.")]
Devices = Annotated[int | None, typer.Option(help="Connected devices.")]
Interval = Annotated[int | None, typer.Option(help="Seconds between a device's messages.")]
Bytes = Annotated[int | None, typer.Option(help="Bytes of a message on the wire.")]
Tls = Annotated[int | None, typer.Option(help="Percent of devices that come with TLS.")]
Readers = Annotated[int | None, typer.Option(help="People with a dashboard open.")]
Api = Annotated[int | None, typer.Option(help="Requests of machines a second.")]
Reports = Annotated[int | None, typer.Option(help="Reports a month.")]
Days = Annotated[int | None, typer.Option(help="Days that readings are kept.")]
Peak = Annotated[
    list[str] | None,
    typer.Option(metavar="APP:TASKS:HOURS", help="Tasks beyond the minimum, hours a month."),
]
Plan = Annotated[str, typer.Option(help="How the baseline is bought: none, 1y or 3y.")]
Environment = Annotated[str, typer.Option(help="staging or production.")]
Budget = Annotated[
    int | None, typer.Option(min=1, help="USD a month that the likely total may be; else exit 1.")
]
Html = Annotated[Path | None, typer.Option(help="Write a page with charts to this file.")]
Synth = Annotated[Path, typer.Option(help="Where `make synth` wrote the templates.")]


@app.command(
    "cost",
    epilog=examples(
        "fortress plan cost",
        "fortress plan cost --devices 20000 --interval-s 60 --readers 200",
        "fortress plan cost --environment staging --load pilot --plan none",
        "fortress plan cost --peak reporting:16:8 --peak ingest:2:10 --json",
        "fortress plan cost --budget 750 --html var/plan/cost.html",
    ),
)
def cost(
    *,
    load: LoadName = "articles",
    devices: Devices = None,
    interval_s: Interval = None,
    message_bytes: Bytes = None,
    tls_percent: Tls = None,
    readers: Readers = None,
    api_a_second: Api = None,
    reports: Reports = None,
    retention_days: Days = None,
    peak: Peak = None,
    plan: Plan = "1y",
    environment: Environment = "production",
    budget: Budget = None,
    html: Html = None,
    synth: Synth = Path("var/synth"),
    as_json: Json = False,
) -> None:
    """Price the templates for a load: every line, low and high, and the same on other shapes."""
    with needs_infra():
        # Arithmetic of AWS is in a clone, not in the image of this command.
        from infra.plan import cost_text, report  # noqa: PLC0415 - as said above
        from infra.plan.money import usd  # noqa: PLC0415 - the same
        from infra.plan.pages import cost as page  # noqa: PLC0415 - the same
    given = {
        "devices": devices,
        "interval_s": interval_s,
        "message_bytes": message_bytes,
        "tls_percent": tls_percent,
        "readers": readers,
        "api_a_second": api_a_second,
        "reports": reports,
        "retention_days": retention_days,
        "peaks": None if peak is None else tuple(_peak(text) for text in peak),
    }
    made = report.reckon(environment, _load(load, given), plan=plan, folder=synth)
    write_page(html, page.render(made))
    if as_json:
        document(report.document(made))
    else:
        typer.echo(cost_text.render(made), nl=False)
    likely = made.bill.total.likely
    if budget is not None and likely > budget:
        complain(f"--budget is missed: {usd(likely)} USD a month is more than {budget:,}")
        raise typer.Exit(1)


def _load(name: str, given: dict[str, Any]) -> Any:
    """The preset with what was given in place of its own."""
    from infra.plan.load import preset  # noqa: PLC0415 - as above

    changes = {key: value for key, value in given.items() if value is not None}
    made = msgspec.structs.replace(preset(name), **changes)
    return msgspec.structs.replace(made, name=f"{name}, changed") if changes else made


def _peak(text: str) -> Any:
    from infra.plan.load import peak  # noqa: PLC0415 - as above

    try:
        return peak(text)
    except ValueError:
        raise Invalid(
            f"{clean(text)} is no peak: write APP:TASKS:HOURS, such as reporting:16:8"
        ) from None

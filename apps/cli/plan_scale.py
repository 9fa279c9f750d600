"""`fortress plan scale`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.output import Json, complain, document, examples
from apps.cli.plan import needs_infra
from shared.errors import Invalid

app = typer.Typer()

Arrivals = Annotated[
    str, typer.Option(help="A file (CSV or JSON), devices-at-3am or month-end-reporting.")
]
App = Annotated[str, typer.Option("--app", help="Whose load it is; a CSV file does not say.")]
Environment = Annotated[str, typer.Option(help="staging or production.")]
Within = Annotated[
    int | None, typer.Option(min=1, help="Seconds to serve everyone in; else exit code 1.")
]
Minimum = Annotated[
    int | None, typer.Option(min=1, help="Compare with so many tasks all the time.")
]
Interrupt = Annotated[str, typer.Option(metavar="TIME", help="When AWS takes all Spot tasks back.")]
SpotAway = Annotated[int, typer.Option(min=0, max=86_400, help="Seconds without Spot after that.")]
Delays = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=SECONDS", help="Try another delay; docs/scaling.md has the names."),
]
Seed = Annotated[int, typer.Option(help="The same seed tells the same story.")]
Html = Annotated[Path | None, typer.Option(help="Write a page with charts to this file.")]
Svg = Annotated[Path | None, typer.Option(help="Write the charts to this file.")]
Synth = Annotated[Path, typer.Option(help="Where `make synth` wrote the templates.")]


@app.command(
    "scale",
    epilog=examples(
        "fortress plan scale --arrivals devices-at-3am",
        "fortress plan scale --arrivals month-end-reporting --minimum 6 --within 600",
        "fortress plan scale --arrivals storm.csv --app ingest --interrupt-spot 03:20 --json",
        "fortress plan scale --arrivals devices-at-3am --html var/plan/scale.html",
    ),
)
def scale(
    *,
    arrivals: Arrivals,
    app_: App = "",
    environment: Environment = "production",
    within: Within = None,
    minimum: Minimum = None,
    interrupt_spot: Interrupt = "",
    spot_away: SpotAway = 600,
    delay: Delays = None,
    seed: Seed = 0,
    html: Html = None,
    svg: Svg = None,
    synth: Synth = Path("var/synth"),
    as_json: Json = False,
) -> None:
    """Replay a load against the autoscaling that the templates describe.

    How long until everyone is served, how many tasks that takes, what it costs, and whether
    scheduled minimums help.
    """
    with needs_infra():
        from infra.plan.scale.command import Asked, plan  # noqa: PLC0415 - not in the image of cli
    planned = plan(
        Asked(
            arrivals,
            app_,
            environment,
            seed,
            within,
            minimum,
            interrupt_spot,
            spot_away,
            tuple(delay or ()),
            synth,
        )
    )
    _write(html, lambda: planned.page)
    _write(svg, lambda: planned.drawing)
    if as_json:
        document(planned.document)
    else:
        typer.echo(planned.text, nl=False)
    if planned.missed:
        complain(f"--within is missed: {planned.missed}")
        raise typer.Exit(1)


def _write(file: Path | None, content: Callable[[], str]) -> None:
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content(), "utf-8")
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}") from None

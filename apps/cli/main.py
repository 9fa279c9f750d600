"""The `fortress` command."""

import sys
from collections.abc import Sequence

import typer

from apps.cli import (
    accounts,
    audit,
    demo,
    devices,
    doctor,
    keys,
    lost,
    migrate,
    organisations,
    people,
    plan,
    plan_compute,
    plan_cost,
    plan_scale,
    replay,
    simulate,
    up,
)
from apps.cli.output import complain
from apps.cli.running import INTERRUPTED, InterruptedTwiceError
from shared.errors import DomainError

app = typer.Typer(
    help="Fortress: the backend of a company that runs connected devices.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for part in (up, migrate, demo, simulate, replay, doctor):
    app.add_typer(part.app)
app.add_typer(organisations.app, name="org")
app.add_typer(keys.app, name="key")
app.add_typer(devices.app, name="device")
app.add_typer(audit.app, name="audit")
people.app.add_typer(accounts.app)
people.app.add_typer(lost.app)
app.add_typer(people.app, name="people")
app.add_typer(plan.app, name="plan")
for part in (plan_cost, plan_compute, plan_scale):
    plan.app.add_typer(part.app)


@people.app.callback()
@audit.app.callback()
@keys.app.callback()
@devices.app.callback()
@organisations.app.callback()
def _group() -> None:
    """Keeps a group a group, however few commands it has."""


def run(arguments: Sequence[str]) -> int:
    """Carry out one command; returns the exit code. Expected failures are one sentence."""
    try:
        app(args=list(arguments), prog_name="fortress")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DomainError as error:
        complain(error.detail)
        return 1
    except (InterruptedTwiceError, KeyboardInterrupt):
        return INTERRUPTED
    return 0


def main() -> None:
    """The entry of the installed command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

"""`python -m infra.app [--out DIR] [NAME …]`: write the templates of every environment.

Needs neither an account nor a network: what AWS would have to be asked for stands in
`environments.toml`.
"""

import argparse
import shutil
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import infra.node  # noqa: F401 - names the Node before the constructs start it

# isort: split
import aws_cdk as cdk

from infra.environments import Environment, load, load_all, load_delivery
from infra.stacks.data import DataStack
from infra.stacks.edge import EdgeStack
from infra.stacks.network import NetworkStack
from shared.errors import ConfigurationError

DELIVERY = "delivery"
OUT = Path("var/synth")


def names() -> tuple[str, ...]:
    """Everything that can be written: each environment, and what they share."""
    return (*(environment.name for environment in load_all()), DELIVERY)


def write(name: str, out: Path) -> None:
    """Write one environment's templates and manifest into `out`, in place of what is there."""
    shutil.rmtree(out, ignore_errors=True)
    app = build(name, out)
    app.synth()


def build(name: str, out: Path) -> cdk.App:
    """The app with all stacks of `name`, not yet written."""
    app = cdk.App(outdir=str(out), analytics_reporting=False)
    if name == DELIVERY:
        _delivery(app)
    else:
        stacks(app, load(name))
    return app


def stacks(app: cdk.App, environment: Environment) -> None:
    """Add the stacks of an environment, each over those it needs."""
    made: dict[str, Any] = {"environment": environment}
    made["network"] = NetworkStack(app, f"{environment.prefix}-network", **made)
    data = DataStack(app, f"{environment.prefix}-data", **made)
    made["edge"] = EdgeStack(app, f"{environment.prefix}-edge", **made)
    made["data"] = data
    services = _later("services", "ServicesStack")
    if services is not None:
        made["services"] = services(app, f"{environment.prefix}-services", **made)
    observability = _later("observability", "ObservabilityStack")
    if observability is not None and "services" in made:
        observability(app, f"{environment.prefix}-observability", **made)


def _delivery(app: cdk.App) -> None:
    stack = _later("delivery", "DeliveryStack")
    if stack is not None:
        stack(app, "fortress-delivery", delivery=load_delivery(), environments=load_all())


def _later(module: str, name: str) -> Any:
    if find_spec(f"infra.stacks.{module}") is None:
        return None
    return getattr(import_module(f"infra.stacks.{module}"), name)


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.app", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder (default: var/synth)")
    parser.add_argument("names", nargs="*", help="environments (default: all)")
    given = parser.parse_args(None if arguments is None else list(arguments))
    try:
        for name in given.names or names():
            write(name, given.out / name)
    except ConfigurationError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m infra.app [--out DIR] [NAME …]`: write the templates of every environment.

Ends with 1 when a rule of cdk-nag found something, which the report says; with 2 when the
configuration cannot be used. Needs neither an account nor a network: what AWS would have to be
asked for stands in `environments.toml`.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import infra.node  # noqa: F401 - names the Node before the constructs start it

# isort: split
import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.environments import Environment, load, load_all, load_delivery
from infra.stacks.data import DataStack
from infra.stacks.delivery import DeliveryStack
from infra.stacks.edge import EdgeStack
from infra.stacks.network import NetworkStack
from infra.stacks.observability import ObservabilityStack
from infra.stacks.services import ServicesStack
from shared.errors import ConfigurationError

DELIVERY = "delivery"
OUT = Path("var/synth")
# The budget counts what carries it. One type has no tags, though the construct gives it some.
TAG = "fortress:environment"
UNTAGGED = ["AWS::RDS::DBProxyTargetGroup"]
BOUNDARY = "@aws-cdk/core:permissionsBoundary"
# Logs come into a bucket by its policy, not by an access-control list; and the policy says so of
# flow logs too, which would otherwise write it themselves, until the next change of ours.
FLAGS = {
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-s3:createDefaultLoggingPolicy": True,
}


def names() -> tuple[str, ...]:
    """Everything that can be written: each environment, and what they share."""
    return (*(environment.name for environment in load_all()), DELIVERY)


def write(name: str, out: Path) -> bool:
    """Write one environment's templates and manifest into `out`, in place of what is there, and
    what the rules found into its `validation-report.json`. False: they found something.
    """
    made = out.with_name(f"{out.name}.{os.getpid()}")
    try:
        clean = _synthesise(build(name, made))
        shutil.rmtree(out, ignore_errors=True)
        made.rename(out)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return clean


def _synthesise(app: cdk.App) -> bool:
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "Validation failed" not in str(error):
            raise
        return False
    return True


def build(name: str, out: Path) -> cdk.App:
    """The app with all stacks of `name`, not yet written."""
    if name == DELIVERY:
        app = _app(out, {})
        DeliveryStack(app, "fortress-delivery", delivery=load_delivery(), environments=load_all())
        return app
    environment = load(name)
    app = new(out, environment)
    stacks(app, environment)
    return app


def new(out: Path, environment: Environment) -> cdk.App:
    """An app without stacks that knows the zones of the environment's account."""
    # The VPC compares its zones with the account's; without this it would ask for them, and write
    # made-up ones until somebody answered.
    asked = f"availability-zones:account={environment.account}:region={environment.region}"
    # No role of an environment can do more than the delivery stack's boundary lets it.
    bounded = {"name": f"{environment.prefix}-boundary"}
    app = _app(out, {asked: list(environment.zones), BOUNDARY: bounded})
    # Bills and budgets tell environments apart by this, where they share an account. One type has
    # no tags, though the construct gives it some.
    untagged = ["AWS::RDS::DBProxyTargetGroup"]
    cdk.Tags.of(app).add(TAG, environment.name, exclude_resource_types=untagged)
    return app


def _app(out: Path, context: dict[str, Any]) -> cdk.App:
    return cdk.App(
        outdir=str(out),
        context=FLAGS | context,
        analytics_reporting=False,
        # Nothing is an asset, so there is nothing to bootstrap an account for.
        default_stack_synthesizer=cdk.BootstraplessSynthesizer(),
    )


def stacks(app: cdk.App, environment: Environment) -> None:
    """Add the stacks of an environment, each over those it needs."""
    name = environment.prefix
    network = NetworkStack(app, f"{name}-network", environment=environment)
    data = DataStack(app, f"{name}-data", environment=environment, network=network)
    edge = EdgeStack(app, f"{name}-edge", environment=environment, network=network)
    services = ServicesStack(
        app, f"{name}-services", environment=environment, network=network, data=data, edge=edge
    )
    ObservabilityStack(
        app,
        f"{name}-observability",
        environment=environment,
        network=network,
        data=data,
        edge=edge,
        services=services,
    )


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.app", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder (default: var/synth)")
    parser.add_argument("names", nargs="*", help="environments (default: all)")
    given = parser.parse_args(None if arguments is None else list(arguments))
    try:
        clean = [write(name, given.out / name) for name in given.names or names()]
    except ConfigurationError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 2
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())

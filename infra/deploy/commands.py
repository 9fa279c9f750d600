"""What `python -m infra.deploy` does, a function a command."""

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from infra.deploy import git, images, release, smoke, state
from infra.deploy.aws import ClientError, Place, code_of
from infra.deploy.changed import NAMES, changed
from infra.deploy.stacks import Stacks
from infra.deploy.tasks import OneOff, Runner
from infra.deploy.template import SYNTH, Stack, only, run_once, stacks
from infra.environments import Environment, load, load_delivery
from infra.routes import load as load_routes
from shared.errors import ConfigurationError, Unavailable

# What GitHub's environment that builds is called.
IMAGES = "images"
# Runs before the services do: what migrates, and the command that works beside it.
ONCE = ("migrations", "cli")
DELIVERY = "fortress-delivery"
LINKED = (
    "ecs",
    "ecs.application-autoscaling",
    "elasticache",
    "elasticloadbalancing",
    "rds",
)
SMOKE_TRIES = 6
SMOKE_PAUSE_S = 10.0


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's output


def plan(given: Namespace) -> None:
    """Write the release of a commit."""
    place = Place(load_delivery())
    head = git.commit(given.head)
    made = release.plan(
        git.ancestors(head),
        images.tags(place, NAMES),
        lambda commit: changed(commit, head),
        rebuild=given.rebuild,
    )
    made.write(given.out)
    for app, tag in made.tags.items():
        say(f"{app:16}{tag:24}{'to build' if app in made.build else 'is there'}")
    _tell_github(images=list(made.build))


def where(given: Namespace) -> None:
    """Say where an environment is, and as whom its pipeline works there; `images`: the registry."""
    delivery = load_delivery()
    found = {"region": delivery.region, "role": _role(delivery.account, "fortress-push")}
    if given.environment != IMAGES:
        environment = load(given.environment)
        found = {
            "region": environment.region,
            "role": _role(environment.account, f"{environment.prefix}-deploy"),
            "cloudformation": _role(environment.account, f"{environment.prefix}-cloudformation"),
        }
    for name, value in found.items():
        say(f"{name:16}{value}")
    _tell_github(**found)


def _role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def push(given: Namespace) -> None:
    """Put an image that was built into the registry."""
    from scripts.images.engine import provide  # noqa: PLC0415 - asks for an engine only here

    wanted = release.read(given.release)
    tag = wanted.tags.get(given.app)
    if tag is None:
        raise ConfigurationError(f"there is no image {given.app}; there are {', '.join(NAMES)}")
    say(images.push(Place(load_delivery()), provide(), given.app, tag))


def scan(given: Namespace) -> None:
    """Wait for the registry's scan of an image; a critical finding ends the delivery."""
    tag = release.read(given.release).tags.get(given.app, "")
    _refuse_critical(Place(load_delivery()), given.app, tag)


def _refuse_critical(place: Place, app: str, tag: str) -> None:
    counts = images.scanned(place, app, tag)
    if counts is None:
        say(f"fortress/{app}:{tag}: the registry cannot scan it")
        return
    said = ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items()))
    say(f"fortress/{app}:{tag}: {said or 'nothing found'}")
    if counts.get("CRITICAL"):
        raise Unavailable(
            f"fortress/{app}:{tag} has critical findings: renew the package that has them "
            "(`make lock UPGRADE=1`), or build again when the base has mended it"
        )


def check(given: Namespace) -> None:
    """See that a deployment can go well, before anything is changed."""
    environment = load(given.environment)
    place = Place(environment)
    wanted = release.read(given.release)
    registry = Place(load_delivery())
    images.check(registry, wanted.tags)
    for app, tag in sorted(wanted.tags.items()):
        # Also of those that an earlier run pushed, and ended because of what was found.
        _refuse_critical(registry, app, tag)
    _stacks(environment)
    _check_host_key(place, environment)
    if not given.back:
        _check_forward(wanted, state.running(place, environment.prefix))
    say(f"{given.environment}: all {len(wanted.tags)} images of {wanted.revision[:12]} are there")


def _check_host_key(place: Place, environment: Environment) -> None:
    """Raise `ConfigurationError` without the one secret that is made by hand: the bastion would not
    start, and the deployment be put back after a quarter of an hour.
    """
    name = f"fortress/{environment.name}/bastion/host-key"
    try:
        place.client("secretsmanager").describe_secret(SecretId=name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise ConfigurationError(
            f"there is no secret {name}: make the bastion's host key first (docs/deployment.md, "
            "step 3). Nothing was changed"
        ) from None


def _check_forward(wanted: release.Release, runs: Mapping[str, str]) -> None:
    """Raise `ConfigurationError` for a release that is older than what runs: it was approved late,
    or overtaken by the next.
    """
    older = release.backwards(wanted.tags, runs, git.is_before)
    if older:
        raise ConfigurationError(
            f"{', '.join(older)} would go back behind what runs ({wanted.tags[older[0]]} is before "
            f"{runs[older[0]]}): deploy a newer release, or say --back. Nothing was changed"
        )


def running(given: Namespace) -> None:
    """Keep what runs now."""
    environment = load(given.environment)
    place = Place(environment)
    before = state.take(place, _cloud(place, given), _name(environment, "services"))
    before.write(given.out)
    for name, value in sorted(before.parameters.items()):
        say(f"{name:24}{value}")
    if before.template is None:
        say(f"{given.environment}: nothing runs yet")


def prepare(given: Namespace) -> None:
    """Bring all that services stand on up to date; the services keep the images they run.

    Where nothing runs yet, the services stack gets only what migrating needs.
    """
    environment = load(given.environment)
    place = Place(environment)
    cloud = _cloud(place, given)
    wanted = release.read(given.release).parameters()
    services = _name(environment, "services")
    for stack in _stacks(environment):
        if stack.name == services:
            before = state.take(place, cloud, services)
            once = {release.parameter(app): wanted[release.parameter(app)] for app in ONCE}
            if before.template is None:
                part = only(stack.template, run_once(stack.template, *ONCE))
                stack = Stack(stack.name, stack.region, part)  # noqa: PLW2901 - a part of it
            _deploy(cloud, stack, wanted | before.parameters | once)
            return
        _deploy(cloud, stack, {})
    raise ConfigurationError(f"there is no template of {services}: run `make synth`")


def migrate(given: Namespace) -> None:
    """Run the migrations and wait; the services must not start before they have ended well."""
    say(_run(given, "migrations", ()))


def run(given: Namespace) -> None:
    """Run the fortress command beside the database."""
    say(_run(given, "cli", ["python", "-m", "apps.cli.main", *given.arguments]))


def services(given: Namespace) -> None:
    """Deploy the services, and what watches them, with the release's images."""
    environment = load(given.environment)
    cloud = _cloud(Place(environment), given)
    parameters = release.read(given.release).parameters()
    every = _stacks(environment)
    names = [stack.name for stack in every]
    for stack in every[names.index(_name(environment, "services")) :]:
        _deploy(cloud, stack, parameters)


def smoke_test(given: Namespace) -> None:
    """See that everything answers. Raises `Unavailable` when something does not."""
    environment = load(given.environment)
    target = _target(given, environment)
    uid, token = os.environ.get("SMOKE_DEVICE", ""), os.environ.get("SMOKE_TOKEN", "")
    device = smoke.Device(uid, token) if uid and token else None
    seen = smoke.insist(target, load_routes(), device, tries=given.tries, pause_s=SMOKE_PAUSE_S)
    for one in seen:
        say(str(one))
    if device is None:
        say("no reading was sent: SMOKE_DEVICE and SMOKE_TOKEN name a device that may send one")
    if faults := sum(bool(one.fault) for one in seen):
        raise Unavailable(f"{faults} of {len(seen)} checks failed")


def rollback(given: Namespace) -> None:
    """Put back what ran before."""
    environment = load(given.environment)
    before = state.read(given.to)
    if before.stack != _name(environment, "services"):
        raise ConfigurationError(f"{given.to} is of {before.stack}, not of {environment.name}")
    done = state.put_back(_cloud(Place(environment), given), before)
    say(f"{before.stack}: {'put back' if done else 'is what it was'}")


def delivery(given: Namespace) -> None:
    """Deploy what the pipeline itself needs, with the caller's own rights."""
    place = Place(load_delivery())
    _make_linked_roles(place)
    for stack in stacks(SYNTH / "delivery"):
        _deploy(_cloud(place, given), stack, {})
    for name, value in sorted(Stacks(place).outputs(DELIVERY).items()):
        say(f"{name:24}{value}")


def _make_linked_roles(place: Place) -> None:
    """AWS's own roles, before anything needs them: a service that makes its role when it is first
    used may not be able to take it yet, and the stack that used it fails.
    """
    client = place.client("iam")
    for service in LINKED:
        try:
            client.create_service_linked_role(AWSServiceName=f"{service}.amazonaws.com")
        except ClientError as error:
            there = "has been taken" in str(error) or code_of(error) == "EntityAlreadyExists"
            if not there:
                raise


def _run(given: Namespace, name: str, command: list[str] | tuple[str, ...]) -> str:
    environment = load(given.environment)
    place = Place(environment)
    cloud = Stacks(place)
    said = [cloud.outputs(_name(environment, stack)) for stack in ("network", "services")]
    once = OneOff.of(said[0] | said[1], name)
    runner = Runner(place)
    task = runner.start(once, command)
    say(f"{name}: started {task.rpartition('/')[2]}")
    return runner.finish(once, task).rstrip()


def _target(given: Namespace, environment: Environment) -> smoke.Target:
    """Where the environment answers: by its names, or where the options say."""
    domain = given.domain or environment.domain
    api = f"{load_routes().web[0].subdomain}.{domain}"
    return smoke.Target(
        domain=domain,
        web=_address(given.web or f"{api}:443"),
        devices=_address(given.devices or f"devices.{domain}:9000"),
        tls=not given.plain,
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigurationError(f"{text} is not host:port")
    return host, int(port)


def _cloud(place: Place, given: Namespace) -> Stacks:
    return Stacks(place, given.role or None)


def _stacks(environment: Environment) -> list[Stack]:
    return stacks(SYNTH / environment.name)


def _name(environment: Environment, stack: str) -> str:
    return f"{environment.prefix}-{stack}"


def _deploy(cloud: Stacks, stack: Stack, parameters: dict[str, str]) -> None:
    say(f"{stack.name}: deploying")
    done = cloud.deploy(stack, parameters)
    say(f"{stack.name}: {'done' if done else 'nothing to do'}")


def _tell_github(**outputs: object) -> None:
    """Hand values to the steps that follow, where a workflow runs this."""
    file = os.environ.get("GITHUB_OUTPUT")
    if file:
        with Path(file).open("a") as opened:
            for name, value in outputs.items():
                said = value if isinstance(value, str) else json.dumps(value)
                opened.write(f"{name}={said}\n")

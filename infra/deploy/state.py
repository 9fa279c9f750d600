"""What runs in an environment now, kept so that it can be put back."""

from pathlib import Path
from typing import Any

import msgspec

from infra.deploy.aws import ClientError, Place, code_of
from infra.deploy.images import REPOSITORY
from infra.deploy.release import parameter
from infra.deploy.stacks import Stacks
from infra.deploy.template import Stack
from shared.errors import ConfigurationError


class Before(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The services stack before a deployment. `template` is None when there was none."""

    stack: str
    region: str
    parameters: dict[str, str]
    template: Any = None

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(self))


def take(place: Place, stacks: Stacks, stack: str) -> Before:
    """What runs now: the tags that the services really run, whatever the stack was told.

    A stack without a service runs nothing.
    """
    template = stacks.template(stack) if stacks.found(stack) else None
    if not _has_services(template):
        # Nothing, or what a first deployment made before its migrations failed.
        return Before(stack=stack, region=place.region, parameters={})
    told = stacks.parameters(stack)
    runs = running(place, stacks.outputs(stack)["Cluster"])
    given = {parameter(app): tag for app, tag in runs.items()}
    return Before(
        stack=stack,
        region=place.region,
        parameters=told | {name: tag for name, tag in given.items() if name in told},
        template=template,
    )


def read(file: Path) -> Before:
    """What `take` wrote. Raises `ConfigurationError`."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Before)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{file} is missing: `python -m infra.deploy running ENV --out {file}` writes it "
            "before a deployment; without it, deploy the release before this one"
        ) from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{file} does not say what ran: {error}") from None


def put_back(stacks: Stacks, before: Before) -> bool:
    """Give the services stack the template and the tags it had; False when they are there still.

    Raises `ConfigurationError` when nothing ran before.
    """
    if before.template is None:
        raise ConfigurationError(
            f"nothing ran before: {before.stack} is new and stays as it is. Its log groups "
            "(/fortress/…) say what is wrong; deploy a version that mends it"
        )
    return stacks.deploy(Stack(before.stack, before.region, before.template), before.parameters)


def running(place: Place, cluster: str) -> dict[str, str]:
    """The tag that each service of the cluster runs, by app; none where there is no cluster."""
    ecs = place.client("ecs")
    try:
        pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
        arns = [arn for page in pages for arn in page["serviceArns"]]
    except ClientError as error:
        if code_of(error) == "ClusterNotFoundException":
            return {}
        raise
    tags: dict[str, str] = {}
    for start in range(0, len(arns), 10):  # as many as ECS describes at once
        some = ecs.describe_services(cluster=cluster, services=arns[start : start + 10])
        for service in some["services"]:
            definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
            tags |= _tags(definition["taskDefinition"])
    return tags


def _has_services(template: Any) -> bool:
    every = (template or {}).get("Resources", {}).values()
    return any(one["Type"] == "AWS::ECS::Service" for one in every)


def _tags(definition: dict[str, Any]) -> dict[str, str]:
    """The tags of our images in a task definition, by app."""
    found = {}
    for container in definition["containerDefinitions"]:
        name, _, tag = str(container["image"]).rpartition(":")
        _, slash, app = name.rpartition(REPOSITORY.format(""))
        if slash and tag:
            found[app] = tag
    return found

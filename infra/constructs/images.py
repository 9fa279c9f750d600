"""The images that a deployment runs: a repository an app, and the tag as a parameter."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.environments import Delivery

# What ECR allows in a tag.
TAG = "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"


def parameter(app: str) -> str:
    """The name of the parameter with the tag of an app's image."""
    return f"Tag{app.title()}"


def image(scope: Construct, app: str, delivery: Delivery) -> ecs.ContainerImage:
    """The app's image, at the tag that is given when the stack is deployed.

    The parameter has no default: one that is left out would put another version in place of the
    one that runs.
    """
    tag = cdk.CfnParameter(
        cdk.Stack.of(scope),
        parameter(app),
        type="String",
        description=f"Tag of fortress/{app}: the new one, or the one that runs",
        allowed_pattern=TAG,
        constraint_description="must be a tag of an image",
    )
    name = f"fortress/{app}"
    repository = ecr.Repository.from_repository_attributes(
        scope,
        "Repository",
        repository_name=name,
        repository_arn=(
            f"arn:{cdk.Aws.PARTITION}:ecr:{delivery.region}:{delivery.account}:repository/{name}"
        ),
    )
    return ecs.ContainerImage.from_ecr_repository(repository, tag.value_as_string)

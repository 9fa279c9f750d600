"""What the pipeline needs, once an account: repositories of images, GitHub's roles, a place for
templates. Deployed by hand before anything else, with `python -m infra.deploy delivery`.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.execution import Execution
from infra.constructs.github import IMAGES, GitHub, let_deploy, let_push
from infra.environments import Delivery, Environment
from infra.one_account import check_accounts
from scripts.images.plan import IMAGES as ALL_IMAGES

# An app that nobody touches for long keeps its image: the count is of its own images.
KEPT = 50
UNTAGGED_DAYS = 7
TEMPLATE_DAYS = 90


class DeliveryStack(cdk.Stack):
    """`repositories` by app; `push`: the role that builds; `deploys`: a role an environment."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        delivery: Delivery,
        environments: Sequence[Environment],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=delivery.account, region=delivery.region),
            description="Fortress: images, and how the pipeline signs in",
            termination_protection=True,
        )
        check_accounts(delivery, environments)
        self.repositories = {image.name: self._repository(image.name) for image in ALL_IMAGES}
        self._templates(delivery)
        github = GitHub(self, "GitHub", delivery=delivery)
        every = list(self.repositories.values())
        self.push = github.role(
            "Push",
            name="fortress-push",
            environment=IMAGES,
            what="GitHub: puts images into the repositories",
        )
        let_push(self.push, every)
        cdk.CfnOutput(self, "PushRole", value=self.push.role_arn)
        self.deploys = {one.name: self._deploy(github, one, delivery) for one in environments}

    def _repository(self, app: str) -> ecr.Repository:
        return ecr.Repository(
            self,
            app.title(),
            repository_name=f"fortress/{app}",
            # What was tested under a tag is what runs under it.
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    description="Layers of pushes that were cut off",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=cdk.Duration.days(UNTAGGED_DAYS),
                ),
                ecr.LifecycleRule(description="Enough to go back to", max_image_count=KEPT),
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _templates(self, delivery: Delivery) -> None:
        bucket = s3.Bucket(
            self,
            "Templates",
            bucket_name=bucket_name(delivery),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(TEMPLATE_DAYS))],
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Templates of a public kind: no secret is in one, and CloudTrail says who deployed",
        )

    def _deploy(self, github: GitHub, environment: Environment, delivery: Delivery) -> iam.Role:
        name = environment.name.title()
        execution = Execution(self, name, environment=environment)
        role = github.role(
            f"Deploy{name}",
            name=f"{environment.prefix}-deploy",
            environment=environment.name,
            what=f"GitHub: deploys {environment.name}",
        )
        let_deploy(
            role,
            environment,
            repositories=list(self.repositories.values()),
            bucket=bucket_name(delivery),
            execution=execution.role,
        )
        cdk.CfnOutput(self, f"Deploy{name}Role", value=role.role_arn)
        cdk.CfnOutput(self, f"CloudFormation{name}Role", value=execution.role.role_arn)
        return role


def bucket_name(delivery: Delivery) -> str:
    """The bucket of templates that are too large to be sent."""
    return f"fortress-templates-{delivery.account}-{delivery.region}"

"""How GitHub's workflows sign in: no key is stored anywhere, and each role is for one place."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import role_names
from infra.constructs.acknowledge import acknowledge
from infra.environments import Delivery, Environment

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
# GitHub's environment that builds and pushes images; those that are deployed to have our names.
IMAGES = "images"
# An approval may come an hour after the job's start; the database takes a while to be made.
HOURS = 2


class GitHub(Construct):
    """GitHub as an identity provider, of which an account has one."""

    def __init__(self, scope: Construct, construct_id: str, *, delivery: Delivery) -> None:
        super().__init__(scope, construct_id)
        self._repository = delivery.repository
        self._provider = iam.CfnOIDCProvider(
            self, "Provider", url=f"https://{ISSUER}", client_id_list=[AUDIENCE]
        )

    def role(self, construct_id: str, *, name: str, environment: str, what: str) -> iam.Role:
        """A role for jobs of this repository that run in `environment`, and for no others.

        GitHub lets a job name an environment only under the environment's own rules (branch,
        reviewers), so an approval that is missing is missing here too.
        """
        principal = iam.WebIdentityPrincipal(
            self._provider.attr_arn,
            {
                "StringEquals": {
                    f"{ISSUER}:aud": AUDIENCE,
                    f"{ISSUER}:sub": f"repo:{self._repository}:environment:{environment}",
                }
            },
        )
        return iam.Role(
            self,
            construct_id,
            role_name=name,
            assumed_by=principal,
            description=what,
            max_session_duration=cdk.Duration.hours(HOURS),
        )


def let_push(role: iam.Role, repositories: Sequence[ecr.Repository]) -> None:
    """Put images into the repositories, see what is there and what the scan found."""
    arns = [repository.repository_arn for repository in repositories]
    why = "ecr:GetAuthorizationToken has no resource; what it opens are the repositories listed"
    _allow(role, ["ecr:GetAuthorizationToken"], ["*"], why=why)
    _allow(
        role,
        [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:DescribeImageScanFindings",
            "ecr:DescribeImages",
            "ecr:InitiateLayerUpload",
            "ecr:ListImages",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ],
        arns,
    )


def let_deploy(
    role: iam.Role,
    environment: Environment,
    *,
    repositories: Sequence[ecr.Repository],
    bucket: str,
    execution: iam.IRole,
) -> None:
    """What `python -m infra.deploy` does in one environment, through its stacks alone."""
    prefix = environment.prefix
    here = f"{environment.region}:{cdk.Stack.of(role).account}"
    seen = ["ecr:DescribeImageScanFindings", "ecr:ListImages"]
    _allow(role, seen, [one.repository_arn for one in repositories])
    _allow(
        role,
        ["secretsmanager:DescribeSecret"],
        [f"arn:aws:secretsmanager:{here}:secret:fortress/{environment.name}/bastion/host-key-*"],
        why="Whether the host key is there, not what it is; AWS adds six characters to the name",
    )
    _let_change_stacks(role, f"arn:aws:cloudformation:{here}:stack/{prefix}-*/*", execution)
    _allow(
        role,
        ["s3:GetObject", "s3:PutObject"],
        [f"arn:aws:s3:::{bucket}/{prefix}-*"],
        why="Templates of this environment's stacks, named by what is in them",
    )
    _let_migrate(role, environment, f"arn:aws:ecs:{here}")
    _allow(
        role,
        ["logs:GetLogEvents"],
        [f"arn:aws:logs:{here}:log-group:/fortress/{environment.name}/migrations:log-stream:*"],
        why="A stream a task; the group of the migrations stands",
    )


def _let_change_stacks(role: iam.Role, stacks: str, execution: iam.IRole) -> None:
    """Changing a stack is for CloudFormation's own role to do: without naming it, nothing."""
    why = "CloudFormation adds an id to a stack's name; the environment's prefix stands"
    reading = ("DescribeStackEvents", "DescribeStacks", "GetTemplate")
    _allow(role, [f"cloudformation:{verb}" for verb in reading], [stacks], why=why)
    _allow(
        role,
        ["cloudformation:CreateStack", "cloudformation:UpdateStack"],
        [stacks],
        {"StringEquals": {"cloudformation:RoleArn": execution.role_arn}},
        why=why,
    )
    _pass(role, execution.role_arn, "cloudformation.amazonaws.com")


def _let_migrate(role: iam.Role, environment: Environment, ecs: str) -> None:
    """Run the migrations in the environment's cluster, and see what runs there."""
    prefix = environment.prefix
    here = {"ArnEquals": {"ecs:cluster": f"{ecs}:cluster/{prefix}"}}
    definition = f"{ecs}:task-definition/{prefix}-migrations:*"
    why = "Each deployment makes a new revision of the migrations' task"
    _allow(role, ["ecs:RunTask"], [definition], here, why=why)
    tasks = role_names.of_stack(f"{prefix}-services")
    roles = f"arn:aws:iam::{cdk.Stack.of(role).account}:role/{tasks}"
    why = "CloudFormation names the roles of tasks; only tasks get them (iam:PassedToService)"
    _pass(role, roles, "ecs-tasks.amazonaws.com", why=why)
    why = "Ids of tasks and names of services; the environment's cluster stands"
    _allow(role, ["ecs:DescribeTasks"], [f"{ecs}:task/{prefix}/*"], why=why)
    _allow(role, ["ecs:DescribeServices"], [f"{ecs}:service/{prefix}/*"], why=why)
    why = "These two only read, and take no narrower resource"
    _allow(role, ["ecs:ListServices"], ["*"], here, why=why)
    _allow(role, ["ecs:DescribeTaskDefinition"], ["*"], why=why)


def _allow(
    role: iam.Role,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: dict[str, dict[str, str]] | None = None,
    *,
    why: str = "",
) -> None:
    """One statement; `why` its wildcards are as narrow as they can be."""
    role.add_to_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
    )
    for resource in resources:
        if "*" in resource:
            acknowledge(role, f"AwsSolutions-IAM5[Resource::{resource}]", why)


def _pass(role: iam.Role, passed: str, service: str, *, why: str = "") -> None:
    only = {"StringEquals": {"iam:PassedToService": service}}
    _allow(role, ["iam:PassRole"], [passed], only, why=why)

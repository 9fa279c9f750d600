"""How GitHub's workflows sign in: no key is stored anywhere, and each role is for one place."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

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
    _allow(role, ["ecr:GetAuthorizationToken"], ["*"])
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
    acknowledge(
        role,
        "AwsSolutions-IAM5[Resource::*]",
        "ecr:GetAuthorizationToken has no resource; what it opens are the repositories listed",
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
    stack = cdk.Stack.of(role)
    prefix = environment.prefix
    here = f"{environment.region}:{stack.account}"
    ecs = f"arn:aws:ecs:{here}"
    stacks = f"arn:aws:cloudformation:{here}:stack/{prefix}-*/*"
    templates = f"arn:aws:s3:::{bucket}/{prefix}-*"
    roles = f"arn:aws:iam::{stack.account}:role/{prefix}-services-*"
    log = f"arn:aws:logs:{here}:log-group:/fortress/{environment.name}/migrations"
    _allow(role, ["ecr:ListImages"], [one.repository_arn for one in repositories])
    _allow(
        role,
        [
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            "cloudformation:GetTemplate",
        ],
        [stacks],
    )
    # Changing a stack is for CloudFormation's own role to do: without naming it, nothing.
    _allow(
        role,
        ["cloudformation:CreateStack", "cloudformation:UpdateStack"],
        [stacks],
        {"StringEquals": {"cloudformation:RoleArn": execution.role_arn}},
    )
    _pass(role, execution.role_arn, "cloudformation.amazonaws.com")
    _allow(role, ["s3:GetObject", "s3:PutObject"], [templates])
    cluster = f"{ecs}:cluster/{prefix}"
    _allow(
        role,
        ["ecs:RunTask"],
        [f"{ecs}:task-definition/{prefix}-migrations:*"],
        {"ArnEquals": {"ecs:cluster": cluster}},
    )
    _pass(role, roles, "ecs-tasks.amazonaws.com")
    _allow(role, ["ecs:DescribeTasks"], [f"{ecs}:task/{prefix}/*"])
    _allow(role, ["ecs:DescribeServices"], [f"{ecs}:service/{prefix}/*"])
    _allow(role, ["ecs:ListServices"], ["*"], {"ArnEquals": {"ecs:cluster": cluster}})
    _allow(role, ["ecs:DescribeTaskDefinition"], ["*"])
    _allow(role, ["logs:GetLogEvents"], [f"{log}:log-stream:*"])
    reasons = {
        stacks: "CloudFormation adds an id to a stack's name; the environment's prefix stands",
        templates: "Templates of this environment's stacks, by what is in them",
        f"{ecs}:task-definition/{prefix}-migrations:*": "Each deployment makes a new revision",
        f"{ecs}:task/{prefix}/*": "Ids of tasks; the environment's cluster stands",
        f"{ecs}:service/{prefix}/*": "Services of the environment's cluster",
        roles: "CloudFormation names the roles of tasks; only tasks get them (iam:PassedToService)",
        f"{log}:log-stream:*": "A stream a task; the group of the migrations stands",
        "*": "DescribeTaskDefinition and ListServices take no narrower resource",
    }
    for resource, reason in reasons.items():
        acknowledge(role, f"AwsSolutions-IAM5[Resource::{_shown(resource, stack)}]", reason)


def _allow(
    role: iam.Role,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: dict[str, dict[str, str]] | None = None,
) -> None:
    role.add_to_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
    )


def _pass(role: iam.Role, passed: str, service: str) -> None:
    _allow(role, ["iam:PassRole"], [passed], {"StringEquals": {"iam:PassedToService": service}})


def _shown(resource: str, stack: cdk.Stack) -> str:
    """The resource as the rule's report names it."""
    return str(stack.resolve(resource))

"""The role that CloudFormation works with in an environment, and the most that it can give away."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import role_names
from infra.constructs.acknowledge import acknowledge
from infra.environments import Environment

# What the stacks are made of, in the environment's region only. Their ids are AWS's to choose, so
# no name can be written here before they exist.
REGIONAL = (
    "acm:*",
    "application-autoscaling:*",
    "cloudwatch:*",
    "ec2:*",
    "ecs:*",
    "elasticache:*",
    "elasticloadbalancing:*",
    "events:*",
    "kms:*",
    "logs:*",
    "rds:*",
    "wafv2:*",
)
# Services without a region, or whose region is that of AWS's own control plane.
GLOBAL = ("budgets:*", "cloudfront:*")
# What gives a role rights, and what does not.
GIVING = ("iam:AttachRolePolicy", "iam:CreateRole", "iam:DetachRolePolicy", "iam:PutRolePolicy")
KEEPING = (
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PassRole",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
)
# What any role of an environment may do at most, whatever its policy says.
MOST = (
    "cloudwatch:PutMetricData",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "rds-db:connect",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectTagging",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "ses:SendEmail",
    "sns:Publish",
)
DELIVERIES = (
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "GetLogDelivery",
    "ListLogDeliveries",
    "UpdateLogDelivery",
)
STACKS = ("network", "data", "edge", "services", "observability")
UNNAMED = "AWS gives these their ids, so none can be named before CloudFormation has made it"
Conditions = dict[str, dict[str, str | list[str]]]


class Execution(Construct):
    """`role`, which only CloudFormation takes; `boundary`, which every role it makes has."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self._stack = cdk.Stack.of(self)
        self._environment = environment
        self.boundary = self._boundary()
        self.role = iam.Role(
            self,
            "Role",
            role_name=f"{environment.prefix}-cloudformation",
            assumed_by=iam.ServicePrincipal("cloudformation.amazonaws.com"),
            description="Makes the stacks of this environment",
        )
        self._services()
        self._named()
        self._names_of_hosts()
        self._roles()

    def _boundary(self) -> iam.ManagedPolicy:
        made = iam.ManagedPolicy(
            self,
            "Boundary",
            managed_policy_name=f"{self._environment.prefix}-boundary",
            description="The most that a role of this environment can do",
            statements=[iam.PolicyStatement(actions=list(MOST), resources=["*"])],
        )
        acknowledge(
            made,
            "AwsSolutions-IAM5[Resource::*]",
            "A boundary gives nothing: what a role may do is also in its own policy, by resource",
        )
        return made

    def _services(self) -> None:
        region = sorted({self._environment.region, "us-east-1"})  # a CDN's certificate and firewall
        here: Conditions = {"StringEquals": {"aws:RequestedRegion": region}}
        self._allow(REGIONAL, ["*"], UNNAMED, here)
        self._allow(GLOBAL, ["*"], UNNAMED)

    def _named(self) -> None:
        """What has a name before it exists."""
        name, here = self._environment.name, f"{self._environment.region}:{self._stack.account}"
        prefix = self._environment.prefix
        secret = f"arn:aws:secretsmanager:{here}:secret"
        ours = "Only what is named after the environment; CloudFormation adds an id"
        self._allow(["secretsmanager:*"], [f"{secret}:fortress/{name}/*"], ours)
        self._allow(["secretsmanager:*"], [f"{secret}:rds!*"], "RDS names the master secret itself")
        self._allow(
            ["secretsmanager:GetRandomPassword"],
            ["*"],
            "GetRandomPassword makes a password up; it has no resource",
        )
        self._allow(["s3:*"], [f"arn:aws:s3:::{prefix}-*"], ours)
        self._allow(["sns:*"], [f"arn:aws:sns:{here}:{prefix}-*"], ours)
        templates = f"arn:aws:s3:::fortress-templates-{self._stack.account}-*/{prefix}-*"
        self._allow(["s3:GetObject"], [templates], "Templates of this environment, by content")

    def _names_of_hosts(self) -> None:
        zone = self._environment.hosted_zone_id
        if zone is None:
            return
        self._allow(
            [
                "route53:ChangeResourceRecordSets",
                "route53:GetHostedZone",
                "route53:ListResourceRecordSets",
            ],
            [f"arn:aws:route53:::hostedzone/{zone}"],
        )
        self._allow(
            ["route53:GetChange"],
            ["arn:aws:route53:::change/*"],
            "Whether a change is done; its id comes with it",
        )

    def _roles(self) -> None:
        """Roles of this environment, and none without the boundary: what is deployed cannot give
        itself more than it.
        """
        account = self._stack.account
        prefix = self._environment.prefix
        names = [role_names.of_stack(f"{prefix}-{stack}") for stack in STACKS]
        ours = [f"arn:aws:iam::{account}:role/{name}" for name in names]
        why = "Roles that the stacks make, which CloudFormation names after them"
        boundary = self.boundary.managed_policy_arn
        bound: Conditions = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
        self._allow(GIVING, ours, why, bound)
        self._allow(KEEPING, ours, why)
        linked = f"arn:aws:iam::{account}:role/aws-service-role/*"
        why = "AWS's own roles for its services, whose rights nobody can choose"
        self._allow(["iam:CreateServiceLinkedRole", "iam:PassRole"], [linked], why)

    def _allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        why: str = "",
        conditions: Conditions | None = None,
    ) -> None:
        """One statement; `why` its wildcards are as narrow as they can be."""
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=list(actions), resources=list(resources), conditions=conditions
            )
        )
        wide = [f"Action::{action}" for action in actions if "*" in action]
        wide += [f"Resource::{resource}" for resource in resources if "*" in resource]
        for found in wide:
            acknowledge(self.role, f"AwsSolutions-IAM5[{found}]", why)

"""Least privilege: every statement of every policy in every template."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from infra.constructs.variables import FILES
from infra.constructs.web_service import MAILS
from infra.routes import load as load_routes
from tests.infra.cloud import Cloud, Resource, container, services, tasks, variables
from tests.support.servers import ROOT

APPS = [*(route.app for route in load_routes().web), "ingest"]
POLICIES = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"}
# Reading one secret, one repository and writing one log: what starting a task takes.
STARTING = {
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetAuthorizationToken",
    "kms:Decrypt",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
}
SUFFIX = "-??????"
# What an app may do besides signing in to the database.
FILE_ACTIONS = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]
MORE: dict[str, list[Any]] = {MAILS: ["ses:SendEmail"], "reporting": [FILE_ACTIONS, KEY_ACTIONS]}


@dataclass(frozen=True)
class Statement:
    """What a policy allows, and where it stands."""

    place: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]

    @property
    def wild(self) -> list[str]:
        """Wildcards, as the rule pack names them."""
        if self.effect != "Allow":
            return []
        actions = [f"Action::{action}" for action in self.actions if "*" in action]
        texts = [json.dumps(it) if isinstance(it, dict) else str(it) for it in self.resources]
        return actions + [f"Resource::{text}" for text in texts if _is_wild(text)]


def _is_wild(text: str) -> bool:
    # The six characters that Secrets Manager adds to a name are known to nobody before.
    return "*" in text or "?" in text.strip('"]}').removesuffix(SUFFIX)


class Synthesised:
    """One folder of templates, and what was acknowledged in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def statements(self) -> Iterator[Statement]:
        for file in sorted(self.folder.glob("*.template.json")):
            stack = file.name.removesuffix(".template.json")
            for name, resource in json.loads(file.read_bytes())["Resources"].items():
                if resource["Type"] in POLICIES:
                    for document in _documents(resource["Properties"]):
                        yield from _statements(f"{stack}/{name}", document)

    @cached_property
    def acknowledged(self) -> dict[str, set[str]]:
        """Findings of the wildcard rule that stay, by the resource they are on."""
        report = json.loads((self.folder / "validation-report.json").read_bytes())
        found: dict[str, set[str]] = {}
        for plugin in report["pluginReports"]:
            for finding in plugin["suppressedViolations"]:
                assert len(finding["reason"]) > 20, finding
                for construct in finding["violatingConstructs"]:
                    place = self._logical[construct["constructPath"]]
                    found.setdefault(place, set()).add(finding["ruleName"])
        return found

    @cached_property
    def _logical(self) -> dict[str, str]:
        """Logical ids by the path of the construct."""
        found = {}
        for file in self.folder.glob("*.metadata.json"):
            stack = file.name.removesuffix(".metadata.json")
            for path, entries in json.loads(file.read_bytes()).items():
                for entry in entries:
                    if entry["type"] == "aws:cdk:logicalId":
                        found[path.removeprefix("/")] = f"{stack}/{entry['data']}"
        return found


def _documents(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "PolicyDocument" in properties:
        yield properties["PolicyDocument"]
    for policy in properties.get("Policies", []):
        yield policy["PolicyDocument"]


def _statements(place: str, document: dict[str, Any]) -> Iterator[Statement]:
    for statement in document["Statement"]:
        # What names what it does not mean means everything else.
        assert not {"NotAction", "NotResource"} & set(statement), place
        yield Statement(
            place,
            statement["Effect"],
            tuple(_list(statement["Action"])),
            tuple(_list(statement["Resource"])),
        )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture(params=["staging", "production", "delivery"])
def written(synthesised: Path, request: pytest.FixtureRequest) -> Synthesised:
    return Synthesised(synthesised / request.param)


def test_no_action_and_no_resource_is_a_wildcard_that_nobody_gave_a_reason_for(
    written: Synthesised,
) -> None:
    unexplained = [
        f"{statement.place}: {wild}"
        for statement in written.statements()
        for wild in statement.wild
        if not _explained(written.acknowledged.get(statement.place, set()), wild)
    ]
    assert unexplained == []


def _explained(rules: set[str], wild: str) -> bool:
    kind = wild.split("::", maxsplit=1)[0]
    exact = f"AwsSolutions-IAM5[{wild}]"
    # The pack writes references inside a resource in a way of its own.
    return exact in rules or (
        "{" in wild and any(rule.startswith(f"AwsSolutions-IAM5[{kind}::") for rule in rules)
    )


def test_there_are_policies_to_look_at(written: Synthesised) -> None:
    assert len(list(written.statements())) > 5


def test_no_policy_of_a_resource_lets_everybody_in(written: Synthesised) -> None:
    for file in written.folder.glob("*.template.json"):
        for name, resource in json.loads(file.read_bytes())["Resources"].items():
            policy = resource.get("Properties", {})
            document = policy.get("KeyPolicy") or policy.get("PolicyDocument") or {}
            for statement in document.get("Statement", []) if isinstance(document, dict) else []:
                open_to_all = statement.get("Principal") in ("*", {"AWS": "*"})
                assert statement["Effect"] == "Deny" or not open_to_all, name


# -- roles of tasks


def allowed(cloud: Cloud, role: str) -> list[dict[str, Any]]:
    """The statements of a role's policies, which are all its own."""
    resource = cloud.at(role).properties
    assert "ManagedPolicyArns" not in resource
    found = [
        statement
        for policy in cloud.of("AWS::IAM::Policy")
        if f"{role.removesuffix('.Arn')}" in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]
    assert {statement["Effect"] for statement in found} <= {"Allow"}
    return found


def task_role(cloud: Cloud, app: str) -> list[dict[str, Any]]:
    return allowed(cloud, tasks(cloud)[app].properties["TaskRoleArn"])


def execution_role(cloud: Cloud, app: str) -> list[dict[str, Any]]:
    return allowed(cloud, tasks(cloud)[app].properties["ExecutionRoleArn"])


def test_no_two_tasks_share_a_role(cloud: Cloud) -> None:
    roles = [
        task.properties[key]
        for task in tasks(cloud).values()
        for key in ("TaskRoleArn", "ExecutionRoleArn")
    ]
    assert len(set(roles)) == len(roles)


def test_only_tasks_of_this_account_take_the_roles(cloud: Cloud) -> None:
    for task in tasks(cloud).values():
        for key in ("TaskRoleArn", "ExecutionRoleArn"):
            trust = cloud.at(task.properties[key]).properties["AssumeRolePolicyDocument"]
            (statement,) = trust["Statement"]
            assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
            assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


@pytest.mark.parametrize("app", APPS)
def test_an_app_may_sign_in_as_its_own_database_user_and_nothing_else(
    cloud: Cloud, app: str
) -> None:
    statement, *others = task_role(cloud, app)
    (proxy,) = cloud.of("AWS::RDS::DBProxy")
    assert statement["Action"] == "rds-db:connect"
    assert [each["Action"] for each in others] == MORE.get(app, [])
    head, _, user = statement["Resource"].partition(":dbuser:")[2].rpartition("/")
    assert user == f"fortress_{app}"
    assert head.startswith(f"{proxy.name}.DBProxyArn")


def test_mail_comes_from_one_address_of_its_own_domain(cloud: Cloud) -> None:
    statement = task_role(cloud, MAILS)[-1]
    told = variables(tasks(cloud)[MAILS])
    domain = told["FORTRESS_DOMAIN"]
    assert statement["Resource"].endswith(f":identity/{domain}")
    assert statement["Condition"] == {
        "StringEquals": {"ses:FromAddress": told["FORTRESS_MAIL_FROM"]}
    }
    assert told["FORTRESS_MAIL_FROM"] == f"no-reply@{domain}"


@pytest.mark.parametrize("app", FILES)
def test_an_app_that_keeps_files_reaches_its_own_folder_and_nothing_else(
    cloud: Cloud, app: str
) -> None:
    files, key = task_role(cloud, app)[1:]
    (bucket,) = [it for it in cloud.of("AWS::S3::Bucket") if it.id.startswith("Files")]
    told = variables(tasks(cloud)[app])["FORTRESS_STORAGE_URL"]
    assert told == f"s3://{bucket.name}/{FILES[app]}"
    assert files["Resource"] == f"{bucket.name}.Arn/{FILES[app]}/*"
    through = key["Condition"]["StringEquals"]
    encryption = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert key["Resource"] == encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert through["kms:ViaService"].startswith("s3.")
    # With a key of the bucket, that is what S3 names; without one it would be the file.
    assert encryption["BucketKeyEnabled"] is True
    assert through["kms:EncryptionContext:aws:s3:arn"] == f"{bucket.name}.Arn"


@pytest.mark.parametrize("app", ["bastion", "migrations"])
def test_a_task_that_asks_aws_for_nothing_may_ask_for_nothing(cloud: Cloud, app: str) -> None:
    assert task_role(cloud, app) == []


def test_only_apps_that_keep_files_may_reach_the_bucket() -> None:
    keeping = {
        file.relative_to(ROOT / "apps").parts[0]
        for file in (ROOT / "apps").rglob("*.py")
        if "shared.storage" in file.read_text()
    }
    assert keeping & set(APPS) == set(FILES), "name its folder in infra/constructs/variables.py"


def test_starting_a_task_takes_its_own_image_log_and_secrets(cloud: Cloud) -> None:
    for app, task in tasks(cloud).items():
        for statement in execution_role(cloud, app):
            actions = set(_list(statement["Action"]))
            assert actions <= STARTING
            _check_own(cloud, task, app, statement)


def _check_own(cloud: Cloud, task: Resource, app: str, statement: dict[str, Any]) -> None:
    (action, *_) = _list(statement["Action"])
    (resource,) = _list(statement["Resource"])
    found = container(task)
    if action == "ecr:GetAuthorizationToken":
        assert resource == "*"
    elif action.startswith("ecr:"):
        assert resource.endswith(f":repository/fortress/{app}")
    elif action.startswith("logs:"):
        options = found["LogConfiguration"]["Options"]
        assert resource == f"{options['awslogs-group']}.Arn"
    else:
        _check_secret(cloud, found, statement)


def _check_secret(cloud: Cloud, found: dict[str, Any], statement: dict[str, Any]) -> None:
    given = {item["ValueFrom"].split(":password")[0] for item in found["Secrets"]}
    if statement["Action"] != "kms:Decrypt":
        assert statement["Resource"].removesuffix(SUFFIX) in given
        return
    (key,) = cloud.of("AWS::KMS::Key")[:1]
    through = statement["Condition"]["StringEquals"]
    assert statement["Resource"] == f"{key.name}.Arn"
    assert through["kms:ViaService"].startswith("secretsmanager.")
    assert through["kms:EncryptionContext:SecretARN"] in given


def test_every_secret_that_a_task_is_given_it_may_read(cloud: Cloud) -> None:
    for app, task in tasks(cloud).items():
        readable = {
            statement["Resource"].removesuffix(SUFFIX)
            for statement in execution_role(cloud, app)
            if "secretsmanager:GetSecretValue" in statement["Action"]
        }
        given = {item["ValueFrom"].split(":password")[0] for item in container(task)["Secrets"]}
        assert given == readable


def test_the_only_password_of_the_database_is_for_what_runs_once(cloud: Cloud) -> None:
    holders = {
        app
        for app, task in tasks(cloud).items()
        if "FORTRESS_DATABASE_PASSWORD" in {it["Name"] for it in container(task)["Secrets"]}
    }
    assert "migrations" in holders
    assert not holders & set(services(cloud))


def test_a_wildcard_without_a_reason_is_noticed() -> None:
    statement = Statement("stack/Policy", "Allow", ("s3:*",), ("*",))
    assert statement.wild == ["Action::s3:*", "Resource::*"]
    assert not _explained({"AwsSolutions-IAM5[Resource::*]"}, "Action::s3:*")
    assert _explained({"AwsSolutions-IAM5[Resource::*]"}, "Resource::*")


@pytest.mark.parametrize(
    ("resource", "wild"),
    [
        ("arn:aws:s3:::files/exports/*", True),
        ("arn:aws:secretsmanager:us-east-1:1:secret:a-??????", False),
        ("arn:aws:secretsmanager:us-east-1:1:secret:a?-??????", True),
        ({"Fn::Join": ["", ["arn:", {"Ref": "A"}, ":secret:a-??????"]]}, False),
        ({"Fn::Join": ["", ["arn:", {"Ref": "A"}, "/*"]]}, True),
        ({"Fn::GetAtt": ["A", "Arn"]}, False),
    ],
)
def test_what_stands_for_several_resources_is_a_wildcard(resource: object, wild: bool) -> None:
    assert bool(Statement("a", "Allow", ("s3:GetObject",), (resource,)).wild) is wild

"""Repositories of images, GitHub's roles and what they may do, the boundary of all roles."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.constructs.execution import MOST, STACKS
from infra.deploy.changed import NAMES
from infra.deploy.stacks import INLINE_BYTES
from infra.deploy.template import stacks
from infra.environments import Delivery, load, load_delivery
from infra.one_account import check_accounts
from shared.errors import ConfigurationError

Template = dict[str, Any]
ISSUER = "token.actions.githubusercontent.com"
NAME = "fortress-delivery"
ENVIRONMENTS = ("staging", "production")


@pytest.fixture(scope="session")
def delivery(templates: dict[str, Template]) -> Template:
    return templates[NAME]


def of(template: Template, kind: str) -> dict[str, Any]:
    found = template["Resources"].items()
    return {name: one["Properties"] for name, one in found if one["Type"] == kind}


def roles(template: Template) -> dict[str, Any]:
    return {one["RoleName"]: one for one in of(template, "AWS::IAM::Role").values()}


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """What the policies of a role say."""
    every = template["Resources"].items()
    (name,) = [n for n, one in every if one.get("Properties", {}).get("RoleName") == role]
    policies = of(template, "AWS::IAM::Policy").values()
    return [
        statement
        for policy in policies
        if {"Ref": name} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def actions(statement: dict[str, Any]) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else found


def test_every_image_has_a_repository(delivery: Template) -> None:
    found = {one["RepositoryName"] for one in of(delivery, "AWS::ECR::Repository").values()}
    assert found == {f"fortress/{name}" for name in NAMES}


def test_a_tag_is_written_once_and_what_comes_is_scanned(delivery: Template) -> None:
    for one in of(delivery, "AWS::ECR::Repository").values():
        assert one["ImageTagMutability"] == "IMMUTABLE"
        assert one["ImageScanningConfiguration"] == {"ScanOnPush": True}
        assert "imageCountMoreThan" in one["LifecyclePolicy"]["LifecyclePolicyText"]


def test_images_stay_when_the_stack_goes(delivery: Template) -> None:
    every = delivery["Resources"].values()
    kept = [one for one in every if one["Type"] in {"AWS::ECR::Repository", "AWS::S3::Bucket"}]
    assert {one["DeletionPolicy"] for one in kept} == {"RetainExceptOnCreate"}


@pytest.mark.parametrize(
    ("role", "environment"),
    [
        ("fortress-push", "images"),
        ("fortress-staging-deploy", "staging"),
        ("fortress-production-deploy", "production"),
    ],
)
def test_a_role_is_for_one_repository_in_one_environment(
    delivery: Template, role: str, environment: str
) -> None:
    (trusted,) = roles(delivery)[role]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trusted["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"repo:{load_delivery().repository}:environment:{environment}",
        }
    }


def test_who_pushes_cannot_deploy_and_who_deploys_cannot_push(delivery: Template) -> None:
    pushing = {action for one in statements(delivery, "fortress-push") for action in actions(one)}
    assert {action.partition(":")[0] for action in pushing} == {"ecr"}
    assert "ecr:BatchDeleteImage" not in pushing
    for name in ENVIRONMENTS:
        said = json.dumps(statements(delivery, f"fortress-{name}-deploy"))
        assert "ecr:PutImage" not in said


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_stacks_are_changed_only_through_cloudformation_s_own_role(
    delivery: Template, name: str
) -> None:
    (changing,) = [
        one
        for one in statements(delivery, f"fortress-{name}-deploy")
        if "cloudformation:UpdateStack" in actions(one)
    ]
    assert "cloudformation:RoleArn" in changing["Condition"]["StringEquals"]
    assert changing["Resource"].endswith(f"stack/fortress-{name}-*/*")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_one_environment_s_pipeline_reaches_nothing_of_another_s(
    delivery: Template, name: str
) -> None:
    (other,) = set(ENVIRONMENTS) - {name}
    said = json.dumps(statements(delivery, f"fortress-{name}-deploy"))
    assert f"fortress-{other}" not in said
    assert f"/fortress/{other}" not in said


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_deployment_may_delete_nothing(delivery: Template, name: str) -> None:
    every = [a for one in statements(delivery, f"fortress-{name}-deploy") for a in actions(one)]
    assert not [action for action in every if "Delete" in action or action.endswith(":*")]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_role_that_is_made_has_the_boundary(
    delivery: Template, templates: dict[str, Template], name: str
) -> None:
    giving = [
        one
        for one in statements(delivery, f"fortress-{name}-cloudformation")
        if "iam:CreateRole" in actions(one)
    ]
    assert [list(one["Condition"]["StringEquals"]) for one in giving] == [
        ["iam:PermissionsBoundary"]
    ]
    made = [
        one
        for stack, template in templates.items()
        if stack.startswith(f"fortress-{name}-")
        for one in of(template, "AWS::IAM::Role").values()
    ]
    assert made
    for role in made:
        assert f"policy/fortress-{name}-boundary" in json.dumps(role["PermissionsBoundary"])


def test_the_boundary_lets_no_role_make_roles() -> None:
    assert not [action for action in MOST if action.startswith(("iam:", "sts:", "organizations:"))]
    assert not [action for action in MOST if "*" in action]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_cloudformation_s_role_covers_the_services_of_every_type_in_the_templates(
    delivery: Template, templates: dict[str, Template], name: str
) -> None:
    allowed = {
        action.partition(":")[0]
        for one in statements(delivery, f"fortress-{name}-cloudformation")
        for action in actions(one)
    }
    # Where the type's name is not that of the service's actions.
    known = {
        "certificatemanager": "acm",
        "elasticloadbalancingv2": "elasticloadbalancing",
        "applicationautoscaling": "application-autoscaling",
        "cdk": "",
    }
    used = {
        one["Type"].split("::")[1].lower()
        for stack, template in templates.items()
        if stack.startswith(f"fortress-{name}-")
        for one in template["Resources"].values()
    }
    assert {known.get(service, service) for service in used} - {""} <= allowed


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_names_of_stacks_are_those_that_roles_may_be_made_for(synthesised: Path, name: str) -> None:
    found = [one.name for one in stacks(synthesised / name)]
    assert {one.removeprefix(f"fortress-{name}-") for one in found} <= {*STACKS}


def test_the_first_template_can_be_sent_without_a_bucket(synthesised: Path) -> None:
    (stack,) = stacks(synthesised / "delivery")
    assert len(stack.body.encode()) <= INLINE_BYTES


def test_no_template_asks_for_a_bootstrap(templates: dict[str, Template]) -> None:
    assert "BootstrapVersion" not in json.dumps(templates)


def test_an_environment_of_another_account_is_refused() -> None:
    elsewhere = Delivery(account="111122223333", region="us-east-1", repository="a/b")
    with pytest.raises(ConfigurationError, match="give both the same number"):
        check_accounts(elsewhere, [load("staging")])

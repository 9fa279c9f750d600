"""Stacks that cannot be used any more, and stacks that are made."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.aws import Place
from infra.deploy.stacks import Stacks, check_usable
from infra.deploy.template import Stack, stacks
from infra.environments import load
from shared.errors import ConfigurationError
from tests.support.deploying import REGION, Cloud

TEMPLATE: dict[str, Any] = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
STACK = Stack("fortress-staging-data", REGION, TEMPLATE)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_was_never_made_whole_has_to_be_deleted(status: str) -> None:
    with pytest.raises(ConfigurationError, match=f"is in {status}: delete it") as refused:
        check_usable(STACK.name, status)
    assert f"delete-stack --stack-name {STACK.name}" in str(refused.value)


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"],
)
def test_a_stack_that_is_whole_can_be_updated(status: str) -> None:
    check_usable(STACK.name, status)


@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.usefixtures("cloud")
def test_a_stack_is_protected_from_deletion_as_it_is_made(cloud: Cloud, *, protected: bool) -> None:
    made = Stacks(Place(load("staging")))
    made.deploy(dataclasses.replace(STACK, protected=protected), {})
    (found,) = cloud.client("cloudformation").describe_stacks(StackName=STACK.name)["Stacks"]
    assert found["EnableTerminationProtection"] is protected


def test_what_all_environments_deploy_with_is_protected(synthesised: Path) -> None:
    """The registry of their images, and the roles that deploy."""
    assert [stack.protected for stack in stacks(synthesised / "delivery")] == [True]

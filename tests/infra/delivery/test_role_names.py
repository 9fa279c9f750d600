"""Roles that CloudFormation names, against the patterns that delivery allows."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.constructs import role_names
from tests.support.templates import Templates, by_id, statements

LONGEST = 64
ID = "-0123456789AB"
STACKS = ("network", "data", "edge", "services", "observability")


def named(stack: str, resource: str) -> str:
    """As CloudFormation does: what one of the names does not need of its half, the other has."""
    room = LONGEST - len(ID) - 1
    half = room // 2
    of_stack = max(half, room - len(resource))
    of_resource = max(half, room - len(stack))
    return f"{stack[:of_stack]}-{resource[:of_resource]}{ID}"


def patterns(template: dict[str, Any], action: str) -> Iterator[str]:
    """Names of roles for which some role of delivery has `action`."""
    for statement in statements(template):
        actions, resources = statement["Action"], statement["Resource"]
        if action in ([actions] if isinstance(actions, str) else actions):
            several = resources if isinstance(resources, list) else [resources]
            yield from (one.rpartition("role/")[2] for one in several if isinstance(one, str))


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PassRole"])
def test_every_role_of_every_stack_may_be_made_and_passed_on(
    templates: Templates, environment_name: str, action: str
) -> None:
    allowed = list(patterns(templates["fortress-delivery"], action))
    for stack in STACKS:
        name = f"fortress-{environment_name}-{stack}"
        for resource, role in by_id(templates[name], "AWS::IAM::Role").items():
            if "RoleName" not in role:
                made = named(name, resource)
                assert any(fnmatchcase(made, one) for one in allowed), made


def test_the_roles_of_one_environment_are_not_those_of_the_other() -> None:
    for stack in STACKS:
        pattern = role_names.of_stack(f"fortress-staging-{stack}")
        assert not fnmatchcase(named(f"fortress-production-{stack}", "TaskRole"), pattern)


@pytest.mark.parametrize("name", ["deploy", "cloudformation", "boundary"])
def test_no_pattern_reaches_the_roles_that_delivery_itself_made(name: str) -> None:
    patterns_of = [role_names.of_stack(f"fortress-production-{stack}") for stack in STACKS]
    assert not any(fnmatchcase(f"fortress-production-{name}", one) for one in patterns_of)

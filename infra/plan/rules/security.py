"""Keys and secrets."""

from collections.abc import Iterator
from typing import Final

from infra.plan.bill import Line
from infra.plan.money import between, exactly
from infra.plan.rules.registry import Context, rule
from infra.plan.template import Resource

GROUP: Final = "security"


@rule("AWS::KMS::Key")
def key(resource: Resource, context: Context) -> Iterator[Line]:
    """A key, and a dollar for each of its first two yearly rotations."""
    quantity = between(1, 1, 3) if resource.get("EnableKeyRotation") else exactly(1)
    yield context.line(
        GROUP,
        "key",
        "kms.key",
        quantity=quantity,
        fixed=True,
        why="with two yearly rotations in the high figure",
    )


@rule("AWS::SecretsManager::Secret")
def secret(_resource: Resource, context: Context) -> Iterator[Line]:
    yield context.line(GROUP, "secrets", "secret", quantity=1, fixed=True)

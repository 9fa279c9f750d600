"""Images. What buckets hold is reckoned from the load, in traffic.py."""

from collections.abc import Iterator
from typing import Final

from infra.plan.bill import Line
from infra.plan.money import between
from infra.plan.rules.registry import Context, rule
from infra.plan.template import Resource

GROUP: Final = "files"


@rule("AWS::ECR::Repository")
def repository(_resource: Resource, context: Context) -> Iterator[Line]:
    """Kept images share their layers: 40 MB of base and packages, some MB for each version."""
    yield context.line(
        GROUP,
        "container images",
        "ecr.storage",
        quantity=between("0.1", "0.3", 1),
        fixed=True,
        why="some twenty versions in each repository",
    )

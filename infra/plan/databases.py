"""What other choices of database would come to: class, number of instances, kind of storage."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from infra.plan.money import Range
from infra.plan.template import Resource, Template

CHOICES = (("db.t4g.medium", 2), ("db.t4g.large", 2), ("db.r7g.large", 1), ("db.r7g.large", 2))
INSTANCE, CLUSTER = "AWS::RDS::DBInstance", "AWS::RDS::DBCluster"


@dataclass(frozen=True)
class Choice:
    """`total`: of the whole bill with this database. `built`: the one of the template."""

    name: str
    total: Range
    built: bool


def choices(template: Template, price: Callable[[Template], Range]) -> Iterator[Choice]:
    """The whole priced with each."""
    now = _described(template)
    for kind, count in CHOICES:
        for optimized in (False, True):
            other = _with(template, kind, count, optimized=optimized)
            name = _described(other)
            yield Choice(name, price(other), name == now)


def _with(template: Template, kind: str, count: int, *, optimized: bool) -> Template:
    """The template with another database; whatever else there is stays."""
    first = next(template.of(INSTANCE), None)
    if first is None:
        return template
    instances = [
        replace(
            first, id=f"{first.id}{n}", properties={**first.properties, "DBInstanceClass": kind}
        )
        for n in range(count)
    ]
    storage = "aurora-iopt1" if optimized else "aurora"
    rest = [
        replace(x, properties={**x.properties, "StorageType": storage}) if x.type == CLUSTER else x
        for x in template.resources
        if x.type != INSTANCE
    ]
    return Template(template.environment, (*rest, *instances))


def _described(template: Template) -> str:
    classes = [str(x["DBInstanceClass"]) for x in template.of(INSTANCE)]
    optimized = any(_optimized(x) for x in template.of(CLUSTER))
    kind = classes[0].removeprefix("db.") if classes else "none"
    return f"{len(classes)} x {kind}, {'I/O-Optimized' if optimized else 'Standard'}"


def _optimized(cluster: Resource) -> bool:
    return bool(cluster.get("StorageType") == "aurora-iopt1")

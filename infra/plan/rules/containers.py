"""Tasks on Fargate: the baseline under a plan, the rest on demand and on Spot."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from infra.plan.bill import SHARED, Line
from infra.plan.load import HOURS
from infra.plan.money import between, exactly
from infra.plan.rules.registry import PLANS, Context, rule
from infra.plan.rules.schedule import raised_hours
from infra.plan.template import Resource, reference
from shared.errors import ConfigurationError

GROUP: Final = "containers"
SPOT: Final = ("fargate.spot.share",)


@rule("AWS::ECS::Service")
def service(resource: Resource, context: Context) -> Iterator[Line]:
    """The tasks of the minimum all month; those of schedules and peaks for their hours."""
    task = _definition(resource, context)
    scaling = _scaling(resource, context)
    least = int(scaling["MinCapacity"]) if scaling else int(resource.get("DesiredCount", 1))
    base, spot = _strategy(resource)
    always = Decimal(min(base, least))
    yield from _hours(context, task, "baseline", always * HOURS, PLANS[context.plan])
    yield from _placed(context, task, "beyond the base", (least - always) * HOURS, spot)
    if scaling:
        hours = raised_hours(scaling.get("ScheduledActions", []), least)
        yield from _placed(context, task, "scheduled", hours, spot)
    more = _needed(context, _app(task, context)) - least
    if more > 0:
        hours = Decimal(more * HOURS)
        yield from _placed(context, task, "that all devices need", hours, spot, fixed=False)
    yield from _peaks(context, task, spot)


def _peaks(context: Context, task: Resource, spot: Decimal) -> Iterator[Line]:
    app = _app(task, context)
    hours = sum((p.tasks * p.hours for p in context.load.peaks if p.app == app), Decimal(0))
    yield from _placed(context, task, "peaks", hours, spot, fixed=False)


def _placed(
    context: Context,
    task: Resource,
    what: str,
    hours: Decimal,
    spot: Decimal,
    *,
    fixed: bool = True,
) -> Iterator[Line]:
    """Hours beyond the base, as the weights of the providers place them."""
    yield from _hours(context, task, f"{what}, on demand", hours * (1 - spot), fixed=fixed)
    yield from _hours(context, task, f"{what}, Spot", hours * spot, SPOT, fixed=fixed)


def _needed(context: Context, app: str) -> int:
    """The tasks that hold all devices at the connections a task that scaling out begins at."""
    for alarm in context.template.of("AWS::CloudWatch::Alarm"):
        mine = any(item.get("Value") == app for item in alarm.get("Dimensions", []))
        above = str(alarm.get("ComparisonOperator", "")).startswith("GreaterThan")
        if mine and above and alarm.get("MetricName") == "ActiveConnections":
            return -(-context.load.devices // int(alarm["Threshold"]))
    return 0


def _hours(
    context: Context,
    task: Resource,
    what: str,
    hours: Decimal,
    share: tuple[str, ...] = (),
    *,
    fixed: bool = True,
) -> Iterator[Line]:
    """`hours` hours of one task, whose price is that of its vCPU and its memory."""
    if not hours:
        return
    app = _app(task, context)
    kind = "arm" if _platform(task) == "ARM64" else "x86"
    cpu, memory = Decimal(task["Cpu"]) / 1024, Decimal(task["Memory"]) / 1024
    items = (f"fargate.{kind}.vcpu", f"fargate.{kind}.memory")
    price = context.prices[items[0]].range * cpu + context.prices[items[1]].range * memory
    for item in share:
        price = price * context.prices[item].range
    yield Line(
        GROUP,
        app if app in context.apps else SHARED,
        f"{app}: {what}",
        fixed,
        exactly(hours),
        "task-hour",
        price,
        (*items, *share),
        f"{cpu} vCPU and {memory} GB each",
        cpu,
        memory,
    )


def _definition(resource: Resource, context: Context) -> Resource:
    name = reference(resource["TaskDefinition"])
    found = context.template.find(resource.stack, name) if name else None
    if found is None:
        raise ConfigurationError(f"{resource}: its task definition is not in the template")
    return found


def _app(task: Resource, context: Context) -> str:
    names = [str(container["Name"]) for container in task["ContainerDefinitions"]]
    return next((name for name in names if name in context.apps), names[0])


def _platform(task: Resource) -> str:
    return str(task.get("RuntimePlatform", {}).get("CpuArchitecture", "X86_64"))


def _scaling(resource: Resource, context: Context) -> Resource | None:
    """The scalable target that speaks of this service."""
    targets = context.template.of("AWS::ApplicationAutoScaling::ScalableTarget")
    return next((t for t in targets if _names(t["ResourceId"], resource)), None)


def _names(value: Any, resource: Resource) -> bool:
    """Whether a Ref or GetAtt somewhere in it names the resource."""
    if reference(value) == resource.id:
        return True
    parts = value.values() if isinstance(value, dict) else value
    return isinstance(value, dict | list) and any(_names(part, resource) for part in parts)


def _strategy(resource: Resource) -> tuple[int, Decimal]:
    """The base on FARGATE, and which share of what goes beyond it lands on Spot."""
    strategy = resource.get("CapacityProviderStrategy")
    if not strategy:
        return 10**6, Decimal(0)
    weights = {item["CapacityProvider"]: int(item.get("Weight", 0)) for item in strategy}
    base = sum(int(item.get("Base", 0)) for item in strategy)
    whole = sum(weights.values())
    return base, Decimal(weights.get("FARGATE_SPOT", 0)) / whole if whole else Decimal(0)


@rule("AWS::ECS::Cluster")
def cluster(resource: Resource, context: Context) -> Iterator[Line]:
    """Container Insights, where it is on: some 25 metrics a service."""
    settings = {item["Name"]: item["Value"] for item in resource.get("ClusterSettings", [])}
    if settings.get("containerInsights", "disabled") != "disabled":
        services = sum(1 for _ in context.template.of("AWS::ECS::Service"))
        yield context.line(
            "watching",
            "Container Insights",
            "metric.custom",
            quantity=between(10, 25, 40) * services,
            fixed=True,
            why=f"{services} services",
        )

"""Small templates, made by hand."""

from typing import Any

from infra.plan import cost, prices
from infra.plan.bill import Bill, Line
from infra.plan.load import Load
from infra.plan.template import Template, parse

QUIET = Load(name="quiet", devices=1_000, interval_s=60, readers=0, api_a_second=0, reports=0)


def stack(**resources: tuple[str, dict[str, Any]]) -> Template:
    """One stack of resources: name=(type, properties)."""
    body = {name: {"Type": kind, "Properties": p} for name, (kind, p) in resources.items()}
    return parse("production", {"fortress-production-all": {"Resources": body}})


def task(
    name: str = "api", *, cpu: str = "256", memory: str = "512", platform: str = "ARM64"
) -> tuple[str, dict[str, Any]]:
    return (
        "AWS::ECS::TaskDefinition",
        {
            "Cpu": cpu,
            "Memory": memory,
            "RuntimePlatform": {"CpuArchitecture": platform},
            "ContainerDefinitions": [{"Name": name}],
        },
    )


def service(
    base: int = 1, *, definition: str = "Task", desired: int = 1
) -> tuple[str, dict[str, Any]]:
    """Beyond the base a quarter lands on demand and three quarters on Spot."""
    providers = [
        {"CapacityProvider": "FARGATE", "Base": base, "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
    ]
    return (
        "AWS::ECS::Service",
        {
            "TaskDefinition": {"Ref": definition},
            "DesiredCount": desired,
            "CapacityProviderStrategy": providers,
        },
    )


def target(
    minimum: int, *actions: tuple[str, int], of: str = "Service"
) -> tuple[str, dict[str, Any]]:
    """A scalable target; `actions`: a schedule and the minimum that it sets."""
    parts = ["service/", {"Ref": "Cluster"}, "/", {"Fn::GetAtt": [of, "Name"]}]
    scheduled = [
        {"Schedule": schedule, "ScalableTargetAction": {"MinCapacity": least}}
        for schedule, least in actions
    ]
    return (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        {
            "MinCapacity": minimum,
            "ResourceId": {"Fn::Join": ["", parts]},
            "ScheduledActions": scheduled,
        },
    )


def priced(template: Template, load: Load = QUIET, plan: str = "none") -> Bill:
    return cost.price(template, load, prices.load(), plan=plan)


def line(bill: Bill, what: str) -> Line:
    """The one line of that name."""
    (found,) = (line for line in bill.lines if line.what == what)
    return found


def names(bill: Bill) -> set[str]:
    return {line.what for line in bill.lines}

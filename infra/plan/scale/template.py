"""Reads what scales from synthesised CloudFormation templates.

What the replay does not know is an error that names it, never left out: a plan that ignores a
policy would be wrong without anybody seeing it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from infra.plan.scale import policies_of
from infra.plan.scale.model import ON_DEMAND, SPOT, Provider, Scheduled, Service, Target
from infra.plan.scale.resources import Templates, integer, text
from infra.plan.template import Resource, stacks
from shared.errors import ConfigurationError, Invalid

SCALABLE: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
# What Fargate and load balancers take where a template says nothing.
STOP_TIMEOUT_S: Final = 30
DEREGISTRATION_S: Final = 300
HEALTH_S: Final = 30
HEALTHY: Final = 5
UNHEALTHY: Final = 2


def load(folder: Path) -> Templates:
    """The templates of one environment. Raises `ConfigurationError` where there are none."""
    return Templates(stacks(folder))


def service(templates: Templates, app: str) -> Service:
    """The service of `app`. Raises `Invalid` for an app that does not scale, and
    `ConfigurationError` for what cannot be replayed.
    """
    found = {_app(templates, scaled): scaled for scaled in _scaled(templates)}
    if app not in found:
        raise Invalid(f"{app} does not scale; of the templates, these do: {_list(found)}")
    return _service(templates, app, *found[app])


def _list(names: Mapping[str, object]) -> str:
    return ", ".join(sorted(names)) or "none"


Scaled = tuple[Resource, Resource]


def _scaled(templates: Templates) -> Iterator[Scaled]:
    """Scalable targets with their services."""
    for scalable in templates.of_type(SCALABLE):
        if text(scalable, "ScalableDimension") != "ecs:service:DesiredCount":
            continue
        yield scalable, templates.within(scalable, "ResourceId", "AWS::ECS::Service")


def _app(templates: Templates, scaled: Scaled) -> str:
    containers = _containers(templates, scaled[1])
    return str(containers[0].get("Name", ""))


def _task(templates: Templates, ecs: Resource) -> Resource:
    return templates.within(ecs, "TaskDefinition", "AWS::ECS::TaskDefinition")


def _containers(templates: Templates, ecs: Resource) -> Sequence[Mapping[str, Any]]:
    task = _task(templates, ecs)
    listed: Sequence[Mapping[str, Any]] = task.properties.get("ContainerDefinitions", [])
    essential = [c for c in listed if c.get("Essential", True)]
    if not essential:
        raise ConfigurationError(f"{task}: no essential container")
    routed = {b.get("ContainerName") for b in ecs.properties.get("LoadBalancers", [])}
    return sorted(essential, key=lambda c: c.get("Name") not in routed)


def _service(templates: Templates, app: str, scalable: Resource, ecs: Resource) -> Service:
    task, container = _task(templates, ecs), _containers(templates, ecs)[0]
    platform = task.properties.get("RuntimePlatform", {})
    return Service(
        app=app,
        cpu=integer(task, "Cpu"),
        memory=integer(task, "Memory"),
        arm=platform.get("CpuArchitecture") == "ARM64",
        minimum=integer(scalable, "MinCapacity"),
        maximum=integer(scalable, "MaxCapacity"),
        providers=_providers(ecs),
        stop_timeout_s=int(container.get("StopTimeout", STOP_TIMEOUT_S)),
        targets=tuple(_targets(templates, ecs)),
        policies=policies_of.policies(templates, scalable),
        scheduled=_scheduled(scalable),
        settings={
            item["Name"]: item["Value"]
            for item in container.get("Environment", [])
            if isinstance(item.get("Value"), str)
        },
    )


def _providers(ecs: Resource) -> tuple[Provider, ...]:
    items = ecs.properties.get("CapacityProviderStrategy", [])
    if not items:
        return (Provider(ON_DEMAND, 0, 1),)
    providers = tuple(
        Provider(item["CapacityProvider"], int(item.get("Base", 0)), int(item.get("Weight", 0)))
        for item in items
    )
    for provider in providers:
        if provider.name not in {ON_DEMAND, SPOT}:
            raise ConfigurationError(
                f"{ecs}: capacity provider {provider.name} is not replayed, only"
                f" {ON_DEMAND} and {SPOT}"
            )
    return providers


def _targets(templates: Templates, ecs: Resource) -> Iterator[Target]:
    for balancer in ecs.properties.get("LoadBalancers", []):
        group = templates.follow(
            ecs, balancer.get("TargetGroupArn"), "AWS::ElasticLoadBalancingV2::TargetGroup"
        )
        attributes = {
            a["Key"]: a["Value"] for a in group.properties.get("TargetGroupAttributes", [])
        }
        delay = attributes.get("deregistration_delay.timeout_seconds", DEREGISTRATION_S)
        yield Target(
            network=text(group, "Protocol") in {"TCP", "TLS", "UDP", "TCP_UDP"},
            interval_s=integer(group, "HealthCheckIntervalSeconds", HEALTH_S),
            healthy=integer(group, "HealthyThresholdCount", HEALTHY),
            unhealthy=integer(group, "UnhealthyThresholdCount", UNHEALTHY),
            deregistration_s=int(delay),
        )


def _scheduled(scalable: Resource) -> tuple[Scheduled, ...]:
    return tuple(
        Scheduled(
            name=str(action["ScheduledActionName"]),
            schedule=str(action["Schedule"]),
            zone=str(action.get("Timezone", "UTC")),
            minimum=action.get("ScalableTargetAction", {}).get("MinCapacity"),
            maximum=action.get("ScalableTargetAction", {}).get("MaxCapacity"),
        )
        for action in scalable.properties.get("ScheduledActions", [])
    )

"""A service of Fargate tasks: how they are placed, replaced and reached."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.constructs.task import Task

# How many tasks on Spot come to one that is not, beyond the minimum.
SPOT_WEIGHT = 3
# A new task has this long until the balancer's opinion of it counts.
GRACE_S = 60


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where tasks run: cluster, subnets, security group."""

    cluster: ecs.ICluster
    subnets: ec2.SubnetSelection
    group: ec2.ISecurityGroup


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target group that tasks are put into, with their port."""

    arn: str
    port: int


def service(
    scope: Construct,
    *,
    task: Task,
    place: Place,
    targets: Sequence[Target],
    minimum: int,
    spot: bool = True,
    scaled: bool = True,
    move: bool = True,
) -> ecs.FargateService:
    """The service of a task, named as its app.

    The first `minimum` tasks run on Fargate, which a savings plan covers; of those beyond, three
    in four run on Spot, and one does not, for Spot may have none to give. Without `spot` all run
    on Fargate. `scaled`: how many there are is for scaling to say, not for a deployment. `move`:
    tasks may be replaced to spread them over zones.
    """
    made = ecs.FargateService(
        scope,
        "Service",
        service_name=task.app,
        cluster=place.cluster,
        task_definition=task.definition,
        vpc_subnets=place.subnets,
        security_groups=[place.group],
        assign_public_ip=False,
        capacity_provider_strategies=_strategies(minimum, spot),
        desired_count=None if scaled else minimum,
        min_healthy_percent=100,
        max_healthy_percent=200,
        circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
        health_check_grace_period=cdk.Duration.seconds(GRACE_S),
        availability_zone_rebalancing=(
            ecs.AvailabilityZoneRebalancing.ENABLED
            if move
            else ecs.AvailabilityZoneRebalancing.DISABLED
        ),
        propagate_tags=ecs.PropagatedTagSource.SERVICE,
        enable_ecs_managed_tags=True,
        enable_execute_command=False,
    )
    # The method for it would write rules into security groups, and those are all in one place.
    written(made).load_balancers = [
        ecs.CfnService.LoadBalancerProperty(
            container_name=task.app, container_port=target.port, target_group_arn=target.arn
        )
        for target in targets
    ]
    # Before its roles have their rights a task cannot start.
    made.node.add_dependency(task.execution_role)
    return made


def written(made: ecs.FargateService) -> ecs.CfnService:
    """The resource behind the service, for what the construct has no word for."""
    resource = made.node.find_child("Service")
    assert isinstance(resource, ecs.CfnService)
    return resource


def _strategies(minimum: int, spot: bool) -> list[ecs.CapacityProviderStrategy]:
    steady = ecs.CapacityProviderStrategy(capacity_provider="FARGATE", base=minimum, weight=1)
    if not spot:
        return [steady]
    burst = ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=SPOT_WEIGHT)
    return [steady, burst]

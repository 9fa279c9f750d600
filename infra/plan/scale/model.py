"""What a template says of a service that scales. Times in seconds."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

ON_DEMAND = "FARGATE"
SPOT = "FARGATE_SPOT"


class Provider(msgspec.Struct, frozen=True):
    """An item of the capacity provider strategy."""

    name: str
    base: int
    weight: int


class Target(msgspec.Struct, frozen=True):
    """Where a load balancer sends to. `network`: connections as they are, not requests."""

    network: bool
    interval_s: int
    healthy: int
    unhealthy: int
    deregistration_s: int


class Statistic(StrEnum):
    """How the samples of a period become one figure. `each`: the average, divided by how many
    samples there are, as an expression of a policy does.
    """

    average = "Average"
    largest = "Maximum"
    smallest = "Minimum"
    total = "Sum"
    samples = "SampleCount"
    each = "Average / SampleCount"


class Missing(StrEnum):
    """What an alarm takes a period without data for."""

    breaching = "breaching"
    not_breaching = "notBreaching"
    ignore = "ignore"
    missing = "missing"


class Comparison(StrEnum):
    """When a figure breaches the threshold."""

    above = "GreaterThanThreshold"
    from_above = "GreaterThanOrEqualToThreshold"
    below = "LessThanThreshold"
    from_below = "LessThanOrEqualToThreshold"


class Alarm(msgspec.Struct, frozen=True):
    """An alarm that moves a policy. `metric` is one of `alarms.METRICS`."""

    name: str
    metric: str
    statistic: Statistic
    period_s: int
    periods: int
    datapoints: int
    threshold: float
    comparison: Comparison
    missing: Missing


class Adjustment(StrEnum):
    """What the number of a step means."""

    change = "ChangeInCapacity"
    exact = "ExactCapacity"
    percent = "PercentChangeInCapacity"


class Step(msgspec.Struct, frozen=True):
    """For a metric from `lower` up to `upper` above the threshold; none: without an end."""

    lower: float | None
    upper: float | None
    change: int


class StepPolicy(msgspec.Struct, frozen=True, tag="step"):
    """Steps that an alarm starts."""

    name: str
    alarm: Alarm
    adjustment: Adjustment
    steps: tuple[Step, ...]
    cooldown_s: int
    least: int


class TrackingPolicy(msgspec.Struct, frozen=True, tag="tracking"):
    """Keeps `metric` at `target`. Its alarms are made by Application Auto Scaling."""

    name: str
    metric: str
    target: float
    out_cooldown_s: int
    in_cooldown_s: int
    scales_in: bool


Policy = StepPolicy | TrackingPolicy


class Scheduled(msgspec.Struct, frozen=True):
    """From each time of `schedule` on, the limits; none: as it was."""

    name: str
    schedule: str
    zone: str
    minimum: int | None
    maximum: int | None


class Service(msgspec.Struct, frozen=True):
    """A service and everything that makes it grow and shrink.

    `cpu`: units, 1,024 to a vCPU; `memory`: MiB; `settings`: the container's environment as far
    as it is plain text.
    """

    app: str
    cpu: int
    memory: int
    arm: bool
    minimum: int
    maximum: int
    providers: tuple[Provider, ...]
    stop_timeout_s: int
    targets: tuple[Target, ...]
    policies: tuple[Policy, ...]
    scheduled: tuple[Scheduled, ...]
    settings: Mapping[str, str]

    @property
    def vcpu(self) -> float:
        return self.cpu / 1_024

    @property
    def target(self) -> Target | None:
        """The slowest one: a task serves when all of them have found it healthy."""
        return max(self.targets, key=lambda t: (t.network, t.interval_s * t.healthy), default=None)

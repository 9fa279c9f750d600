"""Alarms, metrics, dashboards. Log volume is reckoned from the load, in traffic.py."""

from collections.abc import Iterator
from typing import Any, Final

from infra.plan.bill import Line
from infra.plan.rules.registry import Context, rule
from infra.plan.template import Resource

GROUP: Final = "watching"
# Below this period, in seconds, an alarm is one of high resolution.
MINUTE: Final = 60


@rule("AWS::CloudWatch::Alarm")
def alarm(resource: Resource, context: Context) -> Iterator[Line]:
    """Priced by the metrics that it looks at."""
    metrics = [m["MetricStat"] for m in resource.get("Metrics", []) if "MetricStat" in m]
    periods = [int(m["Period"]) for m in metrics] or [int(resource.get("Period", MINUTE))]
    kind = "high" if min(periods) < MINUTE else "standard"
    name = "alarms of high resolution" if kind == "high" else "alarms"
    yield context.line(GROUP, name, f"alarm.{kind}", quantity=len(periods), fixed=True)


@rule("AWS::CloudWatch::CompositeAlarm")
def composite(_resource: Resource, context: Context) -> Iterator[Line]:
    yield context.line(GROUP, "composite alarms", "alarm.composite", quantity=1, fixed=True)


@rule("AWS::ApplicationAutoScaling::ScalingPolicy")
def policy(resource: Resource, context: Context) -> Iterator[Line]:
    """Target tracking makes two alarms by itself; steps are called by those of the template."""
    if resource.get("PolicyType") == "TargetTrackingScaling":
        kind = "high" if _quick(resource) else "standard"
        yield context.line(
            GROUP, "alarms that target tracking makes", f"alarm.{kind}", quantity=2, fixed=True
        )


def _quick(resource: Resource) -> bool:
    """Whether it looks more often than once a minute."""
    metric = resource.get("TargetTrackingScalingPolicyConfiguration", {})
    predefined = metric.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "")
    return "HighResolution" in predefined or any(period < MINUTE for period in _periods(metric))


def _periods(value: Any) -> Iterator[int]:
    """Every Period in a nested value."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name in {"Period", "MetricResolution"} and isinstance(part, int | str):
                yield int(part)
            else:
                yield from _periods(part)
    elif isinstance(value, list):
        for part in value:
            yield from _periods(part)


@rule("AWS::CloudWatch::Dashboard")
def dashboard(_resource: Resource, context: Context) -> Iterator[Line]:
    yield context.line(GROUP, "dashboard", "dashboard", quantity=1, fixed=True)


@rule("AWS::Logs::MetricFilter")
def metric_filter(resource: Resource, context: Context) -> Iterator[Line]:
    metrics = len(resource["MetricTransformations"])
    yield context.line(
        GROUP, "metrics made of log lines", "metric.custom", quantity=metrics, fixed=True
    )

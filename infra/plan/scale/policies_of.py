"""Reads scaling policies, and the alarms that start them, from templates."""

from collections.abc import Mapping
from typing import Any, Final

from infra.plan.scale.alarms import METRICS, TRACKED
from infra.plan.scale.model import (
    Adjustment,
    Alarm,
    Comparison,
    Missing,
    Policy,
    Statistic,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from infra.plan.scale.resources import Resource, Templates, integer, number, text
from shared.errors import ConfigurationError

POLICY: Final = "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM: Final = "AWS::CloudWatch::Alarm"
# Of ECS services, where a policy says nothing (Application Auto Scaling API reference).
COOLDOWN_S: Final = 300


def policies(templates: Templates, scalable: Resource) -> tuple[Policy, ...]:
    """The policies of a scalable target, in the order of the template."""
    return tuple(
        _policy(templates, policy)
        for policy in templates.of_type(POLICY)
        if templates.refers(scalable, policy.properties.get("ScalingTargetId"))
    )


def _policy(templates: Templates, policy: Resource) -> Policy:
    kind = text(policy, "PolicyType")
    if kind == "StepScaling":
        return _step(templates, policy)
    if kind == "TargetTrackingScaling":
        return _tracking(policy)
    raise ConfigurationError(f"{policy.name}: the policy kind {kind or 'none'} is not replayed")


def _step(templates: Templates, policy: Resource) -> StepPolicy:
    settings = policy.properties.get("StepScalingPolicyConfiguration", {})
    alarms = [
        alarm
        for alarm in templates.of_type(ALARM)
        if templates.refers(policy, alarm.properties.get("AlarmActions"))
    ]
    if len(alarms) != 1:
        raise ConfigurationError(f"{policy.name}: one alarm should start it, {len(alarms)} do")
    return StepPolicy(
        name=policy.id,
        alarm=_alarm(alarms[0]),
        adjustment=_enum(Adjustment, policy, settings.get("AdjustmentType")),
        steps=tuple(_one_step(step) for step in settings.get("StepAdjustments", [])),
        cooldown_s=int(settings.get("Cooldown", COOLDOWN_S)),
        least=int(settings.get("MinAdjustmentMagnitude", 0)),
    )


def _one_step(step: Mapping[str, Any]) -> Step:
    lower, upper = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    return Step(
        None if lower is None else float(lower),
        None if upper is None else float(upper),
        int(step["ScalingAdjustment"]),
    )


def _alarm(alarm: Resource) -> Alarm:
    if "Metrics" in alarm.properties or "ExtendedStatistic" in alarm.properties:
        raise ConfigurationError(
            f"{alarm.name}: expressions over metrics and percentiles are not replayed"
        )
    periods = integer(alarm, "EvaluationPeriods")
    return Alarm(
        name=alarm.id,
        metric=_metric(alarm, text(alarm, "Namespace"), text(alarm, "MetricName")),
        statistic=_enum(Statistic, alarm, alarm.properties.get("Statistic")),
        period_s=integer(alarm, "Period"),
        periods=periods,
        datapoints=integer(alarm, "DatapointsToAlarm", periods),
        threshold=number(alarm, "Threshold"),
        comparison=_enum(Comparison, alarm, alarm.properties.get("ComparisonOperator")),
        missing=_enum(Missing, alarm, alarm.properties.get("TreatMissingData", "missing")),
    )


def _tracking(policy: Resource) -> TrackingPolicy:
    settings = policy.properties.get("TargetTrackingScalingPolicyConfiguration", {})
    predefined = settings.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    custom = settings.get("CustomizedMetricSpecification", {})
    if predefined is None:
        metric = _metric(policy, custom.get("Namespace", ""), custom.get("MetricName", ""))
        if custom.get("Statistic") != METRICS[metric].statistic:
            raise ConfigurationError(
                f"{policy.name}: of {metric}, {METRICS[metric].statistic} is replayed"
            )
    elif predefined in TRACKED:
        metric = TRACKED[predefined]
    else:
        raise ConfigurationError(f"{policy.name}: the metric {predefined} is not replayed")
    return TrackingPolicy(
        name=policy.id,
        metric=metric,
        target=float(settings["TargetValue"]),
        out_cooldown_s=int(settings.get("ScaleOutCooldown", COOLDOWN_S)),
        in_cooldown_s=int(settings.get("ScaleInCooldown", COOLDOWN_S)),
        scales_in=not settings.get("DisableScaleIn", False),
    )


def _metric(resource: Resource, namespace: str, name: str) -> str:
    for key, metric in METRICS.items():
        if (metric.namespace, metric.name) == (namespace, name):
            return key
    raise ConfigurationError(f"{resource.name}: the metric {namespace} {name} is not replayed")


def _enum(kind: Any, resource: Resource, value: object) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise ConfigurationError(
            f"{resource.name}: {value!r} is not replayed, only {', '.join(kind)}"
        ) from None

"""Reads scaling policies, and the alarms that start them, from templates."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from infra.plan.scale.alarms import METRICS, TRACKED, each
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
from infra.plan.scale.resources import Templates, integer, number, text
from infra.plan.template import Resource
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
    raise ConfigurationError(f"{policy}: the policy kind {kind or 'none'} is not replayed")


def _step(templates: Templates, policy: Resource) -> StepPolicy:
    settings = policy.properties.get("StepScalingPolicyConfiguration", {})
    alarms = [
        alarm
        for alarm in templates.of_type(ALARM)
        if templates.refers(policy, alarm.properties.get("AlarmActions"))
    ]
    if len(alarms) != 1:
        raise ConfigurationError(f"{policy}: one alarm should start it, {len(alarms)} do")
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
            f"{alarm}: expressions over metrics and percentiles are not replayed"
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
    if "Metrics" in custom:
        metric = _shared(policy, custom["Metrics"])
    elif predefined is None:
        metric = _metric(policy, custom.get("Namespace", ""), custom.get("MetricName", ""))
        if custom.get("Statistic") != METRICS[metric].statistic:
            raise ConfigurationError(
                f"{policy}: of {metric}, {METRICS[metric].statistic} is replayed"
            )
    elif predefined in TRACKED:
        metric = TRACKED[predefined]
    else:
        raise ConfigurationError(f"{policy}: the metric {predefined} is not replayed")
    return TrackingPolicy(
        name=policy.id,
        metric=metric,
        target=float(settings["TargetValue"]),
        out_cooldown_s=int(settings.get("ScaleOutCooldown", COOLDOWN_S)),
        in_cooldown_s=int(settings.get("ScaleInCooldown", COOLDOWN_S)),
        scales_in=not settings.get("DisableScaleIn", False),
    )


def _shared(policy: Resource, queries: Sequence[Mapping[str, Any]]) -> str:
    """The one expression that is replayed: the average of a metric over how many tasks write it."""
    stats = {query["Id"]: query["MetricStat"] for query in queries if "MetricStat" in query}
    (returned,) = [query for query in queries if query.get("ReturnData", True)]
    parts = [stats.get(part, {}) for part in str(returned.get("Expression", "")).split(" / ")]
    metrics = [part.get("Metric", {}) for part in parts]
    if [part.get("Stat") for part in parts] != ["Average", "SampleCount"] or any(
        metric != metrics[0] for metric in metrics
    ):
        raise ConfigurationError(
            f"{policy}: of expressions over metrics, the average of one over its number of"
            " samples is replayed"
        )
    found = metrics[0]
    return each(_metric(policy, found.get("Namespace", ""), found.get("MetricName", "")))


def _metric(resource: Resource, namespace: str, name: str) -> str:
    for key, metric in METRICS.items():
        if (metric.namespace, metric.name) == (namespace, name):
            return key
    raise ConfigurationError(f"{resource}: the metric {namespace} {name} is not replayed")


def _enum(kind: Any, resource: Resource, value: object) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise ConfigurationError(
            f"{resource}: {value!r} is not replayed, only {', '.join(kind)}"
        ) from None

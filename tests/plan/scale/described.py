"""A template as CDK writes it, in the few resources that scaling reads."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from infra.plan.scale.curves import Curve, Row
from infra.plan.scale.model import Service

Body = dict[str, Any]
BEGIN = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
METRIC = {"Namespace": "Fortress", "MetricName": "ActiveConnections"}


def _scalable(app: str, minimum: int) -> Body:
    resource = [
        "",
        ["service/", {"Ref": "Cluster"}, "/", {"Fn::GetAtt": [f"{app}Service", "Name"]}],
    ]
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "MinCapacity": minimum,
            "MaxCapacity": 20,
            "ResourceId": {"Fn::Join": resource},
            "ScalableDimension": "ecs:service:DesiredCount",
            "ServiceNamespace": "ecs",
        },
    }


def _task(app: str, cpu: str, memory: str) -> Body:
    container = {"Name": app.lower(), "Essential": True, "StopTimeout": 120, "Environment": []}
    return {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Cpu": cpu,
            "Memory": memory,
            "RuntimePlatform": {"CpuArchitecture": "ARM64"},
            "ContainerDefinitions": [container],
        },
    }


def _service(app: str) -> Body:
    balancer = {
        "ContainerName": app.lower(),
        "ContainerPort": 9000,
        "TargetGroupArn": {"Fn::ImportValue": f"edge:{app}Target"},
    }
    return {
        "Type": "AWS::ECS::Service",
        "Properties": {
            "TaskDefinition": {"Ref": f"{app}Task"},
            "CapacityProviderStrategy": [
                {"CapacityProvider": "FARGATE", "Base": 1, "Weight": 1},
                {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
            ],
            "LoadBalancers": [balancer],
        },
    }


def _target(protocol: str) -> Body:
    return {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "Protocol": protocol,
            "HealthCheckIntervalSeconds": 5,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            "TargetGroupAttributes": [
                {"Key": "deregistration_delay.timeout_seconds", "Value": "20"}
            ],
        },
    }


def _step(name: str, app: str, steps: list[Body], cooldown: int) -> Body:
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyName": name,
            "PolicyType": "StepScaling",
            "ScalingTargetId": {"Ref": f"{app}Scalable"},
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": "ChangeInCapacity",
                "Cooldown": cooldown,
                "MetricAggregationType": "Average",
                "StepAdjustments": steps,
            },
        },
    }


def _alarm(policy: str, threshold: int, comparison: str, period: int, periods: int) -> Body:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            **METRIC,
            "Statistic": "Average",
            "Period": period,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": comparison,
            "TreatMissingData": "missing",
            "AlarmActions": [{"Ref": policy}],
        },
    }


def _tracking(app: str, metric: str, target: float) -> Body:
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": f"{app}Scalable"},
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
                "TargetValue": target,
                "ScaleOutCooldown": 60,
                "ScaleInCooldown": 300,
            },
        },
    }


SERVICES: Body = {
    "IngestScalable": _scalable("Ingest", 1),
    "IngestTask": _task("Ingest", "512", "1024"),
    "IngestService": _service("Ingest"),
    "IngestOut": _step(
        "out",
        "Ingest",
        [
            {
                "MetricIntervalLowerBound": 0,
                "MetricIntervalUpperBound": 1000,
                "ScalingAdjustment": 1,
            },
            {"MetricIntervalLowerBound": 1000, "ScalingAdjustment": 3},
        ],
        60,
    ),
    "IngestOutAlarm": _alarm("IngestOut", 1000, "GreaterThanOrEqualToThreshold", 10, 2),
    "IngestIn": _step(
        "in", "Ingest", [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}], 300
    ),
    "IngestInAlarm": _alarm("IngestIn", 400, "LessThanOrEqualToThreshold", 60, 15),
    "ApiScalable": _scalable("Api", 1),
    "ApiTask": _task("Api", "256", "512"),
    "ApiService": _service("Api"),
    "ApiCpu": _tracking("Api", "ECSServiceAverageCPUUtilizationHighResolution", 60.0),
    "ReportingScalable": _scalable("Reporting", 1),
    "ReportingTask": _task("Reporting", "512", "1024"),
    "ReportingService": _service("Reporting"),
    "ReportingCpu": _tracking("Reporting", "ECSServiceAverageCPUUtilizationHighResolution", 60.0),
}
EDGE: Body = {
    "Resources": {
        "IngestTarget": _target("TCP"),
        "ApiTarget": _target("HTTP"),
        "ReportingTarget": _target("HTTP"),
    },
    "Outputs": {
        f"{app}Out": {"Value": {"Ref": f"{app}Target"}, "Export": {"Name": f"edge:{app}Target"}}
        for app in ("Ingest", "Api", "Reporting")
    },
}


ReadService = Callable[[str], Service]


def curve(
    *arrivals: float,
    app: str = "ingest",
    over_s: int = 60,
    hold_s: int | None = None,
    connected: int = 0,
    message_s: float = 60.0,
    begin: datetime = BEGIN,
) -> Curve:
    """A load with a row a minute."""
    return Curve(
        name="load",
        title="A load",
        app=app,
        begin=begin,
        step_s=60,
        rows=tuple(Row(60 * at, n, over_s, hold_s) for at, n in enumerate(arrivals)),
        connected=connected,
        message_s=message_s,
    )

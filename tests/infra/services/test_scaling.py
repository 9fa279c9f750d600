"""Scaling as it is written into the templates, and the metrics that it reads as apps write them."""

import re
from typing import Any

import pytest

from apps.dashboarding.settings import DashboardingSettings
from apps.reporting.settings import ReportingSettings
from infra.environments import load
from infra.routes import load as load_routes
from shared.telemetry.emf import DIMENSIONS, METRICS, NAMESPACE
from tests.infra.cloud import Cloud, Template, services, tasks, variables

WEB = [route.app for route in load_routes().web]
APPS = [*WEB, "ingest"]
# What each app is scaled on beside CPU and requests.
OWN = {"reporting": {"RunningExports"}, "dashboarding": {"OpenStreams"}}
# And on a queue of all its tasks.
QUEUES = {"reporting": {"WaitingRuns"}}


def target(cloud: Cloud, app: str) -> tuple[str, dict[str, Any]]:
    service = services(cloud)[app].name
    (found,) = [
        it
        for it in cloud.of("AWS::ApplicationAutoScaling::ScalableTarget")
        if f"{service}.Name" in it.properties["ResourceId"]
    ]
    return found.name, found.properties


def policies(cloud: Cloud, app: str) -> list[dict[str, Any]]:
    name, _ = target(cloud, app)
    return [
        it.properties
        for it in cloud.of("AWS::ApplicationAutoScaling::ScalingPolicy")
        if it.properties["ScalingTargetId"] == name
    ]


def tracked(cloud: Cloud, app: str) -> dict[str, dict[str, Any]]:
    """Tracking policies by what they track."""
    found = {}
    for policy in policies(cloud, app):
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
        if tracking is not None:
            predefined = tracking.get("PredefinedMetricSpecification", {})
            own = tracking.get("CustomizedMetricSpecification", {})
            (first, *_) = own.get("Metrics", [{"MetricStat": {"Metric": own}}])
            name = predefined.get("PredefinedMetricType") or first["MetricStat"]["Metric"].get(
                "MetricName"
            )
            found[name] = tracking
    return found


def alarms(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """The alarms that scale ingest, by the way they scale."""
    found = {}
    for alarm in cloud.of("AWS::CloudWatch::Alarm"):
        if alarm.stack == "services":
            (action,) = alarm.properties["AlarmActions"]
            step = cloud.at(action).properties["StepScalingPolicyConfiguration"]
            out = any(it["ScalingAdjustment"] > 0 for it in step["StepAdjustments"])
            found["out" if out else "in"] = alarm.properties | {"step": step}
    return found


@pytest.mark.parametrize("app", APPS)
def test_a_service_is_scaled_between_the_numbers_that_are_configured(
    cloud: Cloud, app: str
) -> None:
    size = load(cloud.environment).services[app]
    _, found = target(cloud, app)
    assert (found["MinCapacity"], found["MaxCapacity"]) == (size.minimum, size.maximum)
    assert (found["ServiceNamespace"], found["ScalableDimension"]) == (
        "ecs",
        "ecs:service:DesiredCount",
    )


def test_production_goes_to_twenty(templates: dict[str, Template]) -> None:
    cloud = Cloud(templates, "production")
    assert {target(cloud, app)[1]["MaxCapacity"] for app in APPS} == {20}


@pytest.mark.parametrize("app", APPS)
def test_known_peaks_have_their_minimum_before_they_come(cloud: Cloud, app: str) -> None:
    peaks = load(cloud.environment).services[app].peaks
    _, found = target(cloud, app)
    assert [
        (it["Schedule"], it["ScalableTargetAction"]) for it in found.get("ScheduledActions", [])
    ] == [(f"cron({peak.cron})", {"MinCapacity": peak.minimum}) for peak in peaks]


@pytest.mark.parametrize("app", APPS)
def test_policies_of_a_service_have_names_of_their_own(cloud: Cloud, app: str) -> None:
    names = [policy["PolicyName"] for policy in policies(cloud, app)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("app", WEB)
def test_a_web_app_is_scaled_on_cpu_every_twenty_seconds(cloud: Cloud, app: str) -> None:
    found = tracked(cloud, app)["ECSServiceAverageCPUUtilizationHighResolution"]
    assert 40 <= found["TargetValue"] <= 70
    # The metric is only there at this resolution when the service is told to write it.
    assert services(cloud)[app].properties["Monitoring"] == {
        "MetricConfigurations": [{"MetricNames": ["CPUUtilization"], "ResolutionSeconds": 20}]
    }


@pytest.mark.parametrize("app", WEB)
def test_a_web_app_is_scaled_on_the_requests_of_its_own_target_group(
    cloud: Cloud, app: str
) -> None:
    found = tracked(cloud, app)["ALBRequestCountPerTarget"]["PredefinedMetricSpecification"]
    balancer, group = found["ResourceLabel"].split("/")
    (target,) = services(cloud)[app].properties["LoadBalancers"]
    assert group == f"{target['TargetGroupArn']}.TargetGroupFullName"
    assert cloud.at(balancer).properties["Type"] == "application"


@pytest.mark.parametrize("app", WEB)
def test_an_app_is_scaled_on_its_own_metric_as_it_writes_it(cloud: Cloud, app: str) -> None:
    found = {
        name: tracking["CustomizedMetricSpecification"]
        for name, tracking in tracked(cloud, app).items()
        if "CustomizedMetricSpecification" in tracking
    }
    assert set(found) == OWN.get(app, set()) | QUEUES.get(app, set())
    for name in OWN.get(app, set()):
        metric = found[name]
        assert METRICS[name].every_s == 60  # what tracking looks at
        assert metric == {
            "MetricName": name,
            "Namespace": NAMESPACE,
            "Statistic": "Average",
            "Dimensions": [
                {"Name": label, "Value": value}
                for label, value in zip(DIMENSIONS, (cloud.environment, app), strict=True)
            ],
        }


def test_a_queue_of_all_tasks_is_divided_by_how_many_say_how_long_it_is(cloud: Cloud) -> None:
    queries = tracked(cloud, "reporting")["WaitingRuns"]["CustomizedMetricSpecification"]["Metrics"]
    parts = {it["Id"]: it["MetricStat"] for it in queries if "MetricStat" in it}
    (each,) = [it for it in queries if it["ReturnData"]]
    whole, tasks = (parts[part] for part in each["Expression"].split(" / "))
    # Every task writes the same number once a minute, which is the period of tracking.
    assert METRICS["WaitingRuns"].every_s == 60
    assert (whole["Stat"], tasks["Stat"]) == ("Average", "SampleCount")
    assert whole["Metric"] == tasks["Metric"]
    assert whole["Metric"] == {
        "Namespace": NAMESPACE,
        "MetricName": "WaitingRuns",
        "Dimensions": [
            {"Name": label, "Value": value}
            for label, value in zip(DIMENSIONS, (cloud.environment, "reporting"), strict=True)
        ],
    }


def test_tasks_are_added_before_those_that_run_are_full(cloud: Cloud) -> None:
    exports = ReportingSettings.model_fields["exports"].default
    streams = DashboardingSettings.model_fields["streams"].default
    assert tracked(cloud, "reporting")["RunningExports"]["TargetValue"] <= exports / 2
    assert tracked(cloud, "dashboarding")["OpenStreams"]["TargetValue"] <= streams / 2
    assert "FORTRESS_EXPORTS" not in variables(tasks(cloud)["reporting"])
    assert "FORTRESS_STREAMS" not in variables(tasks(cloud)["dashboarding"])


@pytest.mark.parametrize("app", WEB)
def test_tracking_adds_quickly_and_takes_away_slowly(cloud: Cloud, app: str) -> None:
    for found in tracked(cloud, app).values():
        assert found["ScaleOutCooldown"] <= 60
        assert found["ScaleInCooldown"] >= 300
        assert not found.get("DisableScaleIn")


# -- ingest


@pytest.mark.parametrize("way", ["out", "in"])
def test_ingest_is_scaled_on_connections_a_task_as_it_writes_them(cloud: Cloud, way: str) -> None:
    found = alarms(cloud)[way]
    assert (found["Namespace"], found["MetricName"]) == (NAMESPACE, "ActiveConnections")
    assert found["Statistic"] == "Average"
    assert {it["Name"]: it["Value"] for it in found["Dimensions"]} == {
        "Environment": cloud.environment,
        "Service": "ingest",
    }


def test_ingest_is_looked_at_as_often_as_it_speaks(cloud: Cloud) -> None:
    found = alarms(cloud)["out"]
    assert found["Period"] == METRICS["ActiveConnections"].every_s == 10
    # CloudWatch keeps values that fine only when it is told to.
    assert METRICS["ActiveConnections"].directive["StorageResolution"] == 1
    assert found["EvaluationPeriods"] * found["Period"] <= 30


def test_more_connections_add_more_tasks(cloud: Cloud) -> None:
    step = alarms(cloud)["out"]["step"]
    assert step["AdjustmentType"] == "PercentChangeInCapacity"
    assert step["MinAdjustmentMagnitude"] == 1
    bounds = [
        (it["MetricIntervalLowerBound"], it.get("MetricIntervalUpperBound"))
        for it in step["StepAdjustments"]
    ]
    # Each step begins where the one before ends; the last has no end.
    assert [lower for lower, _ in bounds] == [0, *(upper for _, upper in bounds[:-1])]
    assert bounds[-1][1] is None
    added = [it["ScalingAdjustment"] for it in step["StepAdjustments"]]
    assert added == sorted(added)


def test_twenty_tasks_are_reached_from_one_in_five_steps(cloud: Cloud) -> None:
    found = alarms(cloud)["out"]
    steps = found["step"]["StepAdjustments"]
    connections, wanted, taken = 40_000, 1, 0
    while wanted < 20:
        over = connections / wanted - found["Threshold"]
        (percent,) = [
            it["ScalingAdjustment"]
            for it in steps
            if it["MetricIntervalLowerBound"] <= over < it.get("MetricIntervalUpperBound", over + 1)
        ]
        wanted = min(20, wanted + max(1, wanted * percent // 100))
        taken += 1
    assert taken <= 5


def test_ingest_goes_back_one_task_at_a_time_after_a_quarter_of_an_hour(cloud: Cloud) -> None:
    found = alarms(cloud)["in"]
    assert found["step"]["StepAdjustments"] == [
        {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}
    ]
    assert found["EvaluationPeriods"] * found["Period"] >= 900
    assert found["step"]["Cooldown"] >= 300


def test_one_task_fewer_does_not_mean_one_task_more(cloud: Cloud) -> None:
    # From two tasks to one the average doubles.
    assert 2 * alarms(cloud)["in"]["Threshold"] < alarms(cloud)["out"]["Threshold"]


def test_silence_takes_no_task_away(cloud: Cloud) -> None:
    assert {found["TreatMissingData"] for found in alarms(cloud).values()} == {"notBreaching"}
    assert alarms(cloud)["in"]["DatapointsToAlarm"] == alarms(cloud)["in"]["EvaluationPeriods"]


# -- whoever reads what the apps write


def _read(value: Any) -> set[str]:
    """Names of metrics of ours, anywhere in a template."""
    if isinstance(value, list):
        return set().union(*map(_read, value))
    if isinstance(value, dict):
        own = {value["MetricName"]} if value.get("Namespace") == NAMESPACE else set()
        return own.union(*map(_read, value.values()))
    # A dashboard is JSON in a text.
    return set(re.findall(rf'"{NAMESPACE}", ?"(\w+)"', value)) if isinstance(value, str) else set()


def test_no_template_asks_for_a_metric_that_no_app_writes(cloud: Cloud) -> None:
    asked = _read([template["Resources"] for template in cloud.templates.values()])
    filtered = {
        made["MetricName"]
        for found in cloud.of("AWS::Logs::MetricFilter")
        for made in found.properties["MetricTransformations"]
        if made["MetricNamespace"] == NAMESPACE
    }
    assert {"ActiveConnections", "OpenStreams", "RunningExports", "WaitingRuns"} <= asked
    assert asked <= set(METRICS) | filtered

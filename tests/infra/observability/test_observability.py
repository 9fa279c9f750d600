"""Alarms, the page, the budget: what is watched, who is told, and that each says what to do."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.environments import load
from shared.telemetry.emf import METRICS, NAMESPACE
from shared.telemetry.logs import JsonFormatter

Resources = Callable[..., dict[str, Any]]
Alarms = dict[str, dict[str, Any]]


def stack(name: str) -> str:
    return f"fortress-{name}-observability"


@pytest.fixture
def alarms(resources: Resources, environment_name: str) -> Alarms:
    """Properties of every alarm by its name without the environment's."""
    found = resources(stack(environment_name), "AWS::CloudWatch::Alarm").values()
    properties = [one["Properties"] for one in found]
    prefix = f"fortress-{environment_name}-"
    return {one["AlarmName"].removeprefix(prefix): one for one in properties}


def names_of_metrics(alarm: dict[str, Any]) -> set[str]:
    return set(re.findall(r'"MetricName": "([^"]+)"', json.dumps(alarm)))


@pytest.mark.parametrize(
    "metric",
    [
        "HTTPCode_ELB_5XX_Count",
        "HTTPCode_Target_5XX_Count",
        "TargetResponseTime",
        "UnHealthyHostCount",
        "HealthyHostCount",
        "TCP_Target_Reset_Count",
        "DatabaseConnectionsCurrentlySessionPinned",
        "DatabaseConnectionsBorrowLatency",
        "CPUUtilization",
        "FreeableMemory",
        "Deadlocks",
        "CommitLatency",
        "VolumeBytesUsed",
        "DatabaseMemoryUsagePercentage",
        "Evictions",
        "ActiveConnections",
        "DeadLetters",
        "WaitingRuns",
    ],
)
def test_what_matters_is_watched(alarms: Alarms, metric: str) -> None:
    assert metric in {name for alarm in alarms.values() for name in names_of_metrics(alarm)}


def test_every_alarm_says_what_to_do_first(alarms: Alarms) -> None:
    for name, alarm in alarms.items():
        assert re.fullmatch(r"First: [a-z].{40,}", alarm["AlarmDescription"]), name
        assert len(alarm["AlarmDescription"]) <= 1024, name


def test_every_alarm_tells_people_and_tells_them_when_it_is_over(
    alarms: Alarms, resources: Resources, environment_name: str
) -> None:
    (topic,) = resources(stack(environment_name), "AWS::SNS::Topic")
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}], name


def test_silence_of_ingest_is_trouble(alarms: Alarms, environment_name: str) -> None:
    alarm = alarms["ingest-silent"]
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Namespace"] == NAMESPACE
    assert alarm["MetricName"] in METRICS
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert dimensions == {"Environment": environment_name, "Service": "ingest"}


def test_each_service_alarms_below_its_own_minimum(alarms: Alarms, environment_name: str) -> None:
    environment = load(environment_name)
    for app, size in environment.services.items():
        alarm = alarms[f"{app}-too-few"]
        assert alarm["Threshold"] == size.minimum
        assert alarm["ComparisonOperator"] == "LessThanThreshold"
        # No target at all reports nothing.
        assert alarm["TreatMissingData"] == "breaching"
    assert alarms["bastion-too-few"]["Threshold"] == environment.bastion.minimum


def test_a_single_failure_at_night_wakes_nobody(alarms: Alarms) -> None:
    rate = json.dumps(alarms["web-5xx-app"]["Metrics"])
    assert "IF(requests > 20, 100 * failed / requests, 0)" in rate


def test_slow_means_one_in_a_hundred_takes_over_a_second(alarms: Alarms) -> None:
    alarm = alarms["web-slow"]
    assert (alarm["ExtendedStatistic"], alarm["Threshold"]) == ("p99", 1)


def test_pinning_that_is_on_purpose_does_not_alarm(alarms: Alarms, environment_name: str) -> None:
    ingest = load(environment_name).services["ingest"]
    assert alarms["proxy-pinned"]["Threshold"] == ingest.pool * ingest.maximum


def test_the_borrow_latency_is_compared_in_microseconds(alarms: Alarms) -> None:
    assert alarms["proxy-borrow-slow"]["Threshold"] == 1_000_000


def test_every_node_of_the_bus_is_watched(alarms: Alarms, environment_name: str) -> None:
    nodes = load(environment_name).valkey.nodes
    assert {name for name in alarms if name.startswith("bus-memory")} == {
        f"bus-memory-{number}" for number in range(1, nodes + 1)
    }


def test_faults_that_apps_log_are_counted_and_watched(
    alarms: Alarms, resources: Resources, environment_name: str
) -> None:
    filters = resources(stack(environment_name), "AWS::Logs::MetricFilter").values()
    apps = load(environment_name).services
    written = set()
    for one in filters:
        (made,) = one["Properties"]["MetricTransformations"]
        assert '"error"' in one["Properties"]["FilterPattern"]
        written.add((made["MetricNamespace"], made["MetricName"]))
    watched = {
        (alarms[f"{app}-errors"]["Namespace"], alarms[f"{app}-errors"]["MetricName"])
        for app in apps
    }
    assert written == watched


def test_the_level_that_is_counted_is_the_one_that_our_logs_write(resources: Resources) -> None:
    record = logging.LogRecord("fortress", logging.ERROR, "", 0, "failed", None, None)
    record.context = {}
    level = json.loads(JsonFormatter().format(record))["level"]
    (pattern, *_) = {
        one["Properties"]["FilterPattern"]
        for one in resources("fortress-staging-observability", "AWS::Logs::MetricFilter").values()
    }
    assert f'$.level = "{level}"' in pattern


def test_a_deployment_that_was_given_up_is_told(
    resources: Resources, environment_name: str
) -> None:
    (rule,) = resources(stack(environment_name), "AWS::Events::Rule").values()
    pattern = rule["Properties"]["EventPattern"]
    assert pattern["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
    # Of this environment's cluster alone.
    assert "Cluster" in json.dumps(pattern["resources"])


def test_messages_are_encrypted_with_a_key_that_senders_may_use(
    resources: Resources, environment_name: str
) -> None:
    (key_id,) = resources(stack(environment_name), "AWS::KMS::Key")
    (key,) = resources(stack(environment_name), "AWS::KMS::Key").values()
    (topic,) = resources(stack(environment_name), "AWS::SNS::Topic").values()
    assert key_id in json.dumps(topic["Properties"]["KmsMasterKeyId"])
    policy = json.dumps(key["Properties"]["KeyPolicy"])
    for sender in ("cloudwatch", "events", "budgets"):
        assert f"{sender}.amazonaws.com" in policy
    assert key["Properties"]["EnableKeyRotation"]


def test_the_budget_is_the_configured_one_and_told_before_it_is_spent(
    resources: Resources, environment_name: str
) -> None:
    (budget,) = resources(stack(environment_name), "AWS::Budgets::Budget").values()
    limit = budget["Properties"]["Budget"]["BudgetLimit"]
    assert limit == {"Amount": load(environment_name).budget_usd, "Unit": "USD"}
    told = [
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"])
        for one in budget["Properties"]["NotificationsWithSubscribers"]
    ]
    assert told == [("ACTUAL", 80), ("FORECASTED", 100)]


def test_the_budget_counts_what_carries_the_environment_s_tag(
    resources: Resources, environment_name: str
) -> None:
    (budget,) = resources(stack(environment_name), "AWS::Budgets::Budget").values()
    assert budget["Properties"]["Budget"]["CostFilters"] == {
        "TagKeyValue": [f"user:fortress:environment${environment_name}"]
    }
    (cluster,) = resources(f"fortress-{environment_name}-data", "AWS::RDS::DBCluster").values()
    tag = {"Key": "fortress:environment", "Value": environment_name}
    assert tag in cluster["Properties"]["Tags"]


def test_the_page_shows_the_alarms_first(resources: Resources, environment_name: str) -> None:
    (page,) = resources(stack(environment_name), "AWS::CloudWatch::Dashboard").values()
    assert page["Properties"]["DashboardName"] == f"fortress-{environment_name}"
    body = json.dumps(page["Properties"]["DashboardBody"])
    assert body.index('\\"type\\":\\"alarm\\"') < body.index('\\"type\\":\\"metric\\"')
    for metric in ("ActiveConnections", "CommitLatency", "TargetResponseTime", "NewFlowCount"):
        assert metric in body

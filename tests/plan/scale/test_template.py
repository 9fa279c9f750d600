from pathlib import Path

import pytest

from infra.plan.scale import template
from infra.plan.scale.model import StepPolicy, TrackingPolicy
from infra.plan.scale.resources import Templates
from shared.errors import ConfigurationError, Invalid
from tests.plan.scale.described import Body, ReadService


def test_a_service_is_read_with_what_it_runs_on_and_who_sends_to_it(read: ReadService) -> None:
    service = read("ingest")

    assert (service.cpu, service.memory, service.arm) == (512, 1024, True)
    assert (service.minimum, service.maximum, service.stop_timeout_s) == (1, 20, 120)
    assert [(p.name, p.base, p.weight) for p in service.providers] == [
        ("FARGATE", 1, 1),
        ("FARGATE_SPOT", 0, 3),
    ]


def test_a_target_group_of_another_stack_is_found(read: ReadService) -> None:
    target = read("ingest").target

    assert target is not None
    assert (target.network, target.interval_s, target.healthy, target.deregistration_s) == (
        True,
        5,
        2,
        20,
    )


def test_step_policies_come_with_the_alarms_that_start_them(read: ReadService) -> None:
    out, into = read("ingest").policies

    assert isinstance(out, StepPolicy)
    assert isinstance(into, StepPolicy)
    assert (out.alarm.metric, out.alarm.threshold, out.alarm.period_s) == (
        "ActiveConnections",
        1000,
        10,
    )
    assert [step.change for step in (*out.steps, *into.steps)] == [1, 3, -1]


def test_target_tracking_is_read_by_its_predefined_metric(read: ReadService) -> None:
    (policy,) = read("api").policies

    assert isinstance(policy, TrackingPolicy)
    assert (policy.metric, policy.target) == ("CPUUtilization, 20 s", 60)


def _shared(*statistics: str, expression: str = "all / tasks") -> Body:
    """A specification of a metric that all tasks write the same of."""
    metric = {"Namespace": "Fortress", "MetricName": "WaitingRuns", "Dimensions": []}
    parts = [
        {"Id": part, "MetricStat": {"Metric": metric, "Stat": statistic}, "ReturnData": False}
        for part, statistic in zip(("all", "tasks"), statistics, strict=True)
    ]
    return {"Metrics": [*parts, {"Id": "each", "Expression": expression, "ReturnData": True}]}


def _track(stacks: dict[str, Body], specification: Body) -> None:
    policy = stacks["services"]["Resources"]["ReportingCpu"]["Properties"]
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    del configuration["PredefinedMetricSpecification"]
    configuration["CustomizedMetricSpecification"] = specification


def test_an_average_over_the_number_of_samples_is_read(
    stacks: dict[str, Body], read: ReadService
) -> None:
    _track(stacks, _shared("Average", "SampleCount"))

    (policy,) = read("reporting").policies

    assert isinstance(policy, TrackingPolicy)
    assert policy.metric == "WaitingRuns, a task"


@pytest.mark.parametrize(
    "specification",
    [
        _shared("Sum", "SampleCount"),
        _shared("Average", "SampleCount", expression="tasks / all"),
        _shared("Average", "SampleCount", expression="all"),
        _shared("Average", "SampleCount", expression="all / others"),
    ],
)
def test_another_expression_is_an_error(
    stacks: dict[str, Body], read: ReadService, specification: Body
) -> None:
    _track(stacks, specification)

    with pytest.raises(ConfigurationError, match="the average of one over its number of samples"):
        read("reporting")


def test_scheduled_actions_are_read(stacks: dict[str, Body], read: ReadService) -> None:
    action = {
        "ScheduledActionName": "Peak",
        "Schedule": "cron(45 2 * * ? *)",
        "ScalableTargetAction": {"MinCapacity": 4},
    }
    stacks["services"]["Resources"]["IngestScalable"]["Properties"]["ScheduledActions"] = [action]

    (scheduled,) = read("ingest").scheduled

    assert (scheduled.name, scheduled.minimum, scheduled.maximum) == ("Peak", 4, None)


def test_an_app_that_does_not_scale_is_unknown(read: ReadService) -> None:
    with pytest.raises(Invalid, match=r"bastion does not scale.*these do: api, ingest, reporting"):
        read("bastion")


def test_without_templates_it_says_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run `make synth` first"):
        template.load(tmp_path / "production")


def test_a_template_that_is_no_json_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "x.template.json").write_text("{")

    with pytest.raises(ConfigurationError, match="run `make synth` again"):
        template.load(tmp_path)


@pytest.mark.parametrize(
    ("resource", "key", "value", "said"),
    [
        ("ApiCpu", "PolicyType", "PredictiveScaling", "policy kind PredictiveScaling"),
        ("ApiCpu", "PolicyType", None, "policy kind none"),
        ("IngestOutAlarm", "MetricName", "Temperature", "the metric Fortress Temperature"),
        ("IngestOutAlarm", "Statistic", "IQM", "'IQM' is not replayed"),
        ("IngestOutAlarm", "Metrics", [], "expressions over metrics"),
        (
            "IngestOutAlarm",
            "Period",
            {"Ref": "Period"},
            "Period is {'Ref': 'Period'}, not a number",
        ),
        ("IngestOutAlarm", "AlarmActions", [], "one alarm should start it, 0 do"),
        ("IngestTask", "Cpu", None, "Cpu is None, not a number"),
        ("IngestTask", "ContainerDefinitions", [], "no essential container"),
        ("IngestService", "LoadBalancers", [{"TargetGroupArn": "arn"}], "names 0"),
        (
            "IngestService",
            "CapacityProviderStrategy",
            [{"CapacityProvider": "machines"}],
            "capacity provider machines",
        ),
    ],
)
def test_what_cannot_be_replayed_is_an_error_that_names_it(
    stacks: dict[str, Body], resource: str, key: str, value: object, said: str
) -> None:
    body = stacks["services"]["Resources"]
    body[resource]["Properties"][key] = value

    app = "api" if resource.startswith("Api") else "ingest"
    del body["ReportingScalable"]
    del body["IngestScalable" if app == "api" else "ApiScalable"]

    with pytest.raises(ConfigurationError, match=said):
        template.service(Templates(stacks), app)


def test_an_unknown_predefined_metric_is_an_error(
    stacks: dict[str, Body], read: ReadService
) -> None:
    policy = stacks["services"]["Resources"]["ApiCpu"]["Properties"]
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    configuration["PredefinedMetricSpecification"] = {"PredefinedMetricType": "Humour"}

    with pytest.raises(ConfigurationError, match="the metric Humour is not replayed"):
        read("api")

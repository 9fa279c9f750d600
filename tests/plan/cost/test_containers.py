from decimal import Decimal

import msgspec
import pytest

from infra.plan.load import Peak
from shared.errors import ConfigurationError
from tests.plan.cost.stacks import QUIET, line, names, priced, service, stack, target, task

# A quarter of a vCPU and half a GB on ARM: 0.25 x 0.03238 + 0.5 x 0.00356.
SMALL = Decimal("0.009875")


def test_a_task_costs_its_vcpu_and_its_memory_all_month() -> None:
    bill = priced(stack(Task=task(), Service=service()))
    assert line(bill, "api: baseline").amount.likely == SMALL * 730


def test_an_x86_task_costs_more() -> None:
    bill = priced(stack(Task=task(platform="X86_64"), Service=service()))
    assert line(bill, "api: baseline").price.likely == Decimal("0.0123425")


def test_a_savings_plan_takes_a_fifth_off_the_baseline() -> None:
    bill = priced(stack(Task=task(), Service=service()), plan="1y")
    assert line(bill, "api: baseline").amount.likely == SMALL * 730 * Decimal("0.8")


def test_a_savings_plan_covers_no_spot() -> None:
    bill = priced(stack(Task=task(), Service=service(), Target=target(5)), plan="3y")
    spot = line(bill, "api: beyond the base, Spot")
    assert spot.price.likely == SMALL * Decimal("0.3")


def test_the_minimum_of_scaling_counts_and_not_the_desired_count() -> None:
    bill = priced(stack(Task=task(), Service=service(base=2, desired=9), Target=target(2)))
    assert line(bill, "api: baseline").quantity.likely == 2 * 730


def test_what_goes_beyond_the_base_lands_by_the_weights() -> None:
    bill = priced(stack(Task=task(), Service=service(), Target=target(5)))
    assert line(bill, "api: beyond the base, on demand").quantity.likely == 730
    assert line(bill, "api: beyond the base, Spot").quantity.likely == 3 * 730


def test_a_service_without_providers_runs_on_demand() -> None:
    plain = ("AWS::ECS::Service", {"TaskDefinition": {"Ref": "Task"}, "DesiredCount": 3})
    bill = priced(stack(Task=task(), Service=plain))
    assert line(bill, "api: baseline").quantity.likely == 3 * 730


def test_a_daily_schedule_costs_its_hours_on_every_day() -> None:
    actions = (("cron(45 2 * * ? *)", 4), ("cron(30 4 * * ? *)", 2))
    bill = priced(stack(Task=task(), Service=service(base=2), Target=target(2, *actions)))
    hours = line(bill, "api: scheduled, Spot").quantity.likely * 4 / 3
    assert round(hours, 6) == round(Decimal("1.75") * 2 * 730 / 24, 6)


def test_a_monthly_schedule_costs_its_hours_once() -> None:
    actions = (("cron(0 1 1 * ? *)", 5), ("cron(0 9 1 * ? *)", 1))
    bill = priced(stack(Task=task(), Service=service(), Target=target(1, *actions)))
    assert line(bill, "api: scheduled, Spot").quantity.likely == 8 * 4 * Decimal("0.75")


def test_a_schedule_that_never_goes_back_costs_the_rest_of_the_month() -> None:
    actions = (("cron(0 1 1 * ? *)", 5), ("cron(0 9 1 * ? *)", 2))
    bill = priced(stack(Task=task(), Service=service(), Target=target(1, *actions)))
    assert line(bill, "api: scheduled, on demand").quantity.likely == (8 * 4 + 722) / Decimal(4)


def test_a_schedule_on_weekdays_costs_five_days_of_seven() -> None:
    actions = (("cron(0 8 ? * MON-FRI *)", 2), ("cron(0 18 ? * MON-FRI *)", 1))
    bill = priced(stack(Task=task(), Service=service(), Target=target(1, *actions)))
    hours = line(bill, "api: scheduled, Spot").quantity.likely * 4 / 3
    assert round(hours, 6) == round(Decimal(730) / 24 * 5 / 7 * 10, 6)


def test_a_schedule_whose_hour_is_no_number_is_refused() -> None:
    scaling = target(1, ("cron(0/15 * * * ? *)", 5))
    with pytest.raises(ConfigurationError, match="cannot be priced"):
        priced(stack(Task=task(), Service=service(), Target=scaling))


def test_peaks_of_the_load_are_variable() -> None:
    load = msgspec.structs.replace(QUIET, peaks=(Peak("api", 2, Decimal(10)),))
    bill = priced(stack(Task=task(), Service=service()), load)
    spot = line(bill, "api: peaks, Spot")
    assert spot.quantity.likely == 15
    assert not spot.fixed


def test_tasks_that_hold_all_devices_are_paid_for() -> None:
    alarm = (
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "ActiveConnections",
            "Namespace": "Fortress",
            "Dimensions": [{"Name": "Service", "Value": "ingest"}],
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 300,
            "Period": 10,
        },
    )
    bill = priced(stack(Task=task("ingest"), Service=service(), Alarm=alarm))
    # 1,000 devices at 300 a task are 4 tasks, of which one is the baseline.
    needed = line(bill, "ingest: that all devices need, Spot")
    assert needed.quantity.likely == 3 * 730 * Decimal("0.75")


def test_a_task_definition_from_elsewhere_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="task definition is not in the template"):
        priced(stack(Service=service()))


def test_a_task_definition_without_a_size_is_refused() -> None:
    kind, properties = task()
    del properties["Cpu"]
    with pytest.raises(ConfigurationError, match=r"Task .* has no Cpu"):
        priced(stack(Task=(kind, properties), Service=service()))


def test_a_container_of_no_app_is_shared() -> None:
    bill = priced(stack(Task=task("bastion"), Service=service()))
    assert line(bill, "bastion: baseline").app == "shared"


def test_container_insights_cost_metrics_for_every_service() -> None:
    on = (
        "AWS::ECS::Cluster",
        {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]},
    )
    bill = priced(stack(Cluster=on, Task=task(), Service=service()))
    assert line(bill, "Container Insights").quantity.likely == 25


def test_container_insights_that_are_off_cost_nothing() -> None:
    off = (
        "AWS::ECS::Cluster",
        {"ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}]},
    )
    assert "Container Insights" not in names(priced(stack(Cluster=off)))

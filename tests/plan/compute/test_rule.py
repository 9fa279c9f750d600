from decimal import Decimal
from typing import Any

import pytest

from infra.plan import prices
from infra.plan.compute import A_DAY, EC2, FARGATE, LAMBDA, Choice, Workload, choose, volumes
from shared.errors import Invalid


def chosen(**workload: Any) -> Choice:
    return choose(Workload(**workload), prices.load())


def cost(choice: Choice, name: str) -> Decimal:
    (found,) = (x for x in choice.costs if x.name == name)
    return found.amount.likely


@pytest.mark.parametrize(
    ("workload", "kind"),
    [
        ({"persistent": True}, FARGATE),
        ({"persistent": True, "continuous": True, "disk_gb": 100}, FARGATE),
        ({"duration_s": Decimal("0.05")}, LAMBDA),
        ({"duration_s": Decimal(900)}, LAMBDA),
        ({"duration_s": Decimal(901), "messages_a_day": 10}, FARGATE),
        ({"continuous": True}, EC2),
        ({"disk_gb": 500}, EC2),
        ({"disk_gb": 20, "messages_a_day": 10}, FARGATE),
        ({"gpu": True}, EC2),
        ({"persistent": True, "gpu": True}, EC2),
        ({"memory_gb": Decimal(12), "messages_a_day": 10}, FARGATE),
    ],
)
def test_the_rule_is_applied_in_its_order(workload: dict[str, Any], kind: str) -> None:
    assert chosen(**workload).kind == kind


def test_the_reason_names_what_decided() -> None:
    assert "holds connections" in chosen(persistent=True).reason
    assert "less than 15 minutes" in chosen().reason
    assert chosen(disk_gb=500, continuous=True).reason == (
        "it needs 500 GB of disk and it runs all the time"
    )


def test_connections_with_a_gpu_say_why_it_is_not_fargate() -> None:
    assert "Fargate has no GPU" in chosen(persistent=True, gpu=True).reason


def test_a_million_short_calls_a_month_cost_little() -> None:
    choice = chosen(duration_s=Decimal("0.2"), messages_a_day=32_877, memory_gb=Decimal("0.128"))
    # One million calls are 0.20 USD, their 25,600 GB-seconds 0.34.
    assert round(cost(choice, LAMBDA), 2) == Decimal("0.54")
    assert choice.cheapest.kind == LAMBDA
    assert not choice.remark


def test_where_something_else_is_cheaper_it_says_so_and_what_the_rule_buys() -> None:
    choice = chosen(messages_a_day=10_000_000)
    assert choice.kind == LAMBDA
    assert choice.cheapest.kind != LAMBDA
    assert choice.cheapest.name in choice.remark
    assert "a small task does the same for less" in choice.remark


def test_what_cannot_run_it_is_told_and_never_the_cheapest() -> None:
    choice = chosen(gpu=True)
    assert [x.kind for x in choice.costs if not x.cannot] == [EC2, EC2]
    assert {x.cannot for x in choice.costs if x.cannot} == {
        "Fargate has no GPU",
        "Lambda has no GPU",
    }


def test_the_cheapest_comes_first() -> None:
    able = [x.amount.likely for x in chosen().costs if not x.cannot]
    assert able == sorted(able)


def test_a_nightly_job_is_paid_for_its_hour_and_not_for_the_month() -> None:
    job = chosen(duration_s=Decimal(3_600), messages_a_day=1)
    hour = Decimal("0.25") * Decimal("0.03238") + Decimal("0.5") * Decimal("0.00356")
    assert round(cost(job, "Fargate, on demand"), 6) == round(hour * 730 / 24, 6)


def test_more_computing_takes_more_tasks() -> None:
    few = cost(chosen(persistent=True, cpu_percent=1), "Fargate, on demand")
    many = cost(chosen(persistent=True, cpu_percent=100), "Fargate, on demand")
    assert many > few


def test_a_task_is_large_enough_for_its_memory() -> None:
    choice = chosen(persistent=True, memory_gb=Decimal(3))
    assert "4 GB" in next(x.how for x in choice.costs if x.kind == FARGATE)


def test_the_disk_is_paid_for_on_a_machine() -> None:
    small, large = (
        cost(chosen(continuous=True, disk_gb=size), "EC2, on demand") for size in (30, 1_030)
    )
    assert large - small == Decimal("0.08") * 1_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration_s": Decimal(0)},
        {"memory_gb": Decimal(-1)},
        {"messages_a_day": -1},
        {"disk_gb": -1},
        {"cpu_percent": 0},
        {"cpu_percent": 101},
        {"memory_gb": Decimal(64)},
    ],
)
def test_a_workload_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        chosen(**wrong)


def test_every_rate_has_the_cost_of_every_way_that_can_run_it() -> None:
    rates = volumes(Workload(), prices.load())
    assert {len(amounts) for amounts in rates.values()} == {len(A_DAY)}
    assert [x.likely for x in rates[LAMBDA]] == sorted(x.likely for x in rates[LAMBDA])


def test_what_cannot_run_it_has_no_rates() -> None:
    assert LAMBDA not in volumes(Workload(persistent=True), prices.load())


def test_nothing_to_do_costs_nothing_on_lambda() -> None:
    assert cost(chosen(messages_a_day=0), LAMBDA) == 0

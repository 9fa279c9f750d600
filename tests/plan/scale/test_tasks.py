import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.plan.scale import facts
from infra.plan.scale.model import ON_DEMAND, SPOT, Provider, Service
from infra.plan.scale.tasks import Fleet, Stage, split
from tests.plan.scale.described import ReadService

MIXED = (Provider(ON_DEMAND, 1, 1), Provider(SPOT, 0, 3))
# Provisioning, pull, start, the balancer's own time and two looks of five seconds.
NETWORK_READY_S = 15 + 15 + 1.5 + 60 + 10


def fleet(service: Service, tasks: int = 1) -> Fleet:
    made = Fleet(service, facts.delays(), random.Random(0))
    made.begin(tasks)
    return made


def run(made: Fleet, desired: int, seconds: range) -> None:
    for second in seconds:
        made.step(second, desired)


@pytest.mark.parametrize(
    ("tasks", "on_demand", "spot"), [(0, 0, 0), (1, 1, 0), (2, 1, 1), (5, 2, 3), (9, 3, 6)]
)
def test_the_base_comes_first_and_then_the_weights(tasks: int, on_demand: int, spot: int) -> None:
    assert split(MIXED, tasks) == {ON_DEMAND: on_demand, SPOT: spot}


@given(
    tasks=st.integers(0, 60),
    base=st.integers(0, 10),
    weights=st.tuples(st.integers(0, 9), st.integers(1, 9)),
)
def test_every_task_has_a_provider_and_no_more(
    tasks: int, base: int, weights: tuple[int, int]
) -> None:
    providers = (Provider(ON_DEMAND, base, weights[0]), Provider(SPOT, 0, weights[1]))

    counts = split(providers, tasks)

    assert sum(counts.values()) == tasks
    assert counts[ON_DEMAND] >= min(base, tasks)


def test_a_task_serves_when_the_balancer_has_found_it_healthy(read: ReadService) -> None:
    made = fleet(read("ingest"))
    run(made, 2, range(int(NETWORK_READY_S)))
    before = len(made.in_stage(Stage.serving))

    run(made, 2, range(int(NETWORK_READY_S), int(NETWORK_READY_S) + 2))

    assert (before, len(made.in_stage(Stage.serving))) == (1, 2)


def test_a_planned_stop_waits_for_the_deregistration_delay_before_it_says_so(
    read: ReadService,
) -> None:
    made = fleet(read("ingest"), 2)
    run(made, 1, range(1))
    (leaving,) = made.in_stage(Stage.leaving)

    run(made, 1, range(1, 21))

    assert (leaving.stage, leaving.term_at) == (Stage.draining, 20)


def test_a_task_that_does_not_end_is_ended_after_its_stop_timeout(read: ReadService) -> None:
    made = fleet(read("ingest"), 2)

    run(made, 1, range(20 + 120 + 1))

    assert len(made.live) == 1


def test_spot_that_is_taken_back_is_replaced_when_there_is_some_again(read: ReadService) -> None:
    made = fleet(read("ingest"), 5)
    made.interrupt(10, away_s=100)
    run(made, 5, range(10, 109))
    away = made.in_stage(Stage.starting, Stage.running, Stage.serving)

    run(made, 5, range(109, 111))

    assert [task.spot for task in away] == [False, False]
    assert len(made.in_stage(Stage.starting)) == 3


def test_nothing_on_demand_stands_in_for_spot(read: ReadService) -> None:
    only = msgspec.structs.replace(read("ingest"), providers=(Provider(SPOT, 0, 1),))
    made = fleet(only, 3)
    made.interrupt(0, away_s=1_000)

    run(made, 3, range(300))

    assert made.live == []


def test_the_balancer_sends_to_a_spot_task_until_it_has_failed_two_looks(
    read: ReadService,
) -> None:
    made = fleet(read("ingest"), 2)
    made.interrupt(0, away_s=0)

    assert [len(made.routed(second)) for second in (0, 9, 10)] == [2, 2, 1]


def test_a_task_that_has_ended_is_sent_to_as_long(read: ReadService) -> None:
    made = fleet(read("ingest"), 2)
    made.interrupt(0, away_s=1_000)
    (taken,) = made.in_stage(Stage.draining)
    made.done(taken, 1)
    counts = []
    for second in (2, 9, 10):
        made.step(second, 1)
        counts.append(len(made.routed(second)))

    assert counts == [2, 2, 1]


def test_what_has_not_begun_to_serve_goes_first(read: ReadService) -> None:
    only = msgspec.structs.replace(read("ingest"), providers=(Provider(ON_DEMAND, 0, 1),))
    made = fleet(only, 1)
    run(made, 12, range(5))

    run(made, 1, range(5, 6))

    assert [task.number for task in made.in_stage(Stage.serving)] == [0]


def test_a_minute_is_paid_for_at_least(read: ReadService) -> None:
    made = fleet(read("api"))
    run(made, 2, range(1, 31))
    before = dict(made.paid_s)

    run(made, 1, range(31, 120))

    assert (before[True], made.paid_s[True]) == (15, 60)


def test_a_hundred_tasks_are_launched_at_once_and_then_twenty_a_second(read: ReadService) -> None:
    only = msgspec.structs.replace(read("ingest"), providers=(Provider(ON_DEMAND, 0, 1),))
    made = fleet(only, 0)

    made.step(0, 200)
    first = len(made.live)
    made.step(1, 200)

    assert (first, len(made.live)) == (100, 120)

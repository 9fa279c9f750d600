import random

import msgspec

from infra.plan.scale import facts
from infra.plan.scale.curves import Curve
from infra.plan.scale.load import Load
from infra.plan.scale.model import SPOT, Provider, Service
from infra.plan.scale.runs import Runs
from infra.plan.scale.tasks import Fleet
from infra.plan.scale.work import Requests
from tests.plan.scale.described import ReadService, curve


def run(load: Load, service: Service, seconds: int, tasks: int = 1) -> list[int]:
    """The waits of those served."""
    fleet = Fleet(service, facts.delays(), random.Random(0))
    fleet.begin(tasks)
    waits: list[int] = []
    for second in range(seconds):
        fleet.step(second, tasks)
        load.step(second, fleet)
        waits += [wait for wait, count in load.waits for _ in range(count)]
    return waits


def requests(*a_second: float) -> Curve:
    return curve(*a_second, app="api")


def test_requests_that_the_cpu_can_take_are_answered_at_once(read: ReadService) -> None:
    load = Requests(requests(20, 20), read("api"))

    waits = run(load, read("api"), 60)

    assert (set(waits), load.waiting, load.gone) == ({1}, 0, 1_200)


def test_requests_beyond_it_wait_and_are_answered_later(
    read: ReadService,
) -> None:
    load = Requests(requests(30, 0, 0), read("api"))

    waits = run(load, read("api"), 180)

    assert (load.gone, load.waiting, max(waits) > 5) == (1_800, 0, True)


def test_who_waits_longer_than_the_balancer_gets_an_error(read: ReadService) -> None:
    load = Requests(requests(200, 0, 0), read("api"))

    waits = run(load, read("api"), 180)

    assert len(waits) < 12_000 == load.gone
    assert max(waits) <= 61


def test_the_balancer_counts_requests_of_each_target(read: ReadService) -> None:
    load = Requests(requests(40, 0), read("api"))
    run(load, read("api"), 1, tasks=2)

    assert load.samples(0)["RequestCountPerTarget"] == [20.0]


def runs(*arrivals: float) -> Curve:
    return curve(*arrivals, app="reporting", over_s=1)


def test_a_run_alone_has_all_of_the_cpu(read: ReadService) -> None:
    load = Runs(runs(1, 0), read("reporting"))

    # 500,000 rows of 27.8 µs at half a vCPU.
    assert run(load, read("reporting"), 60) == [28]


def test_runs_beyond_the_places_of_a_task_wait(read: ReadService) -> None:
    load = Runs(runs(20, 0), read("reporting"))
    run(load, read("reporting"), 2)

    assert (load.held, load.waiting, load.most()) == (2, 18, 2)


def test_runs_go_to_the_task_with_the_fewest(read: ReadService) -> None:
    load = Runs(runs(4, 0), read("reporting"))
    run(load, read("reporting"), 2, tasks=4)

    assert (load.most(), load.average()) == (1, 1)


def test_every_task_says_how_many_runs_wait_in_all(read: ReadService) -> None:
    load = Runs(runs(20, 0), read("reporting"))
    run(load, read("reporting"), 1, tasks=4)
    told = [said for second in range(60) for said in load.samples(second)["WaitingRuns"]]

    assert told == [12.0] * 4


def test_a_run_whose_task_is_taken_away_begins_anew(read: ReadService) -> None:
    spot = msgspec.structs.replace(
        read("reporting"), providers=(Provider(SPOT, 0, 1),), stop_timeout_s=2
    )
    fleet = Fleet(spot, facts.delays(), random.Random(0))
    fleet.begin(1)
    load = Runs(runs(1, 0, 0), spot)
    seen = []
    for second in range(150):
        if second == 20:
            fleet.interrupt(second, away_s=0)
        fleet.step(second, 1)
        load.step(second, fleet)
        seen += [wait for wait, _ in load.waits]

    # 20 s for nothing, a new task, and 28 s: its worker does not wait for the balancer.
    new = 20 + 15 + facts.pull_s("reporting")
    assert [new + 27 <= wait <= new + 31 for wait in seen] == [True]


def test_requests_sent_to_a_task_that_listens_no_more_are_lost(read: ReadService) -> None:
    fleet = Fleet(read("api"), facts.delays(), random.Random(0))
    fleet.begin(2)
    load = Requests(requests(20, 0), read("api"))
    lost = []
    for second in range(30):
        if second == 10:
            fleet.interrupt(second, away_s=1_000)
        fleet.step(second, 2)
        load.step(second, fleet)
        lost.append(load.refused)

    assert lost == [0] * 10 + [10] * 10 + [0] * 10

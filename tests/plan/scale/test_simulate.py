from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.plan.scale.model import Scheduled, Service, TrackingPolicy
from infra.plan.scale.simulate import Options, Replay, replay
from shared.errors import ConfigurationError, Invalid
from tests.plan.scale.described import BEGIN, ReadService, curve

FEW = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LOADS = st.lists(st.integers(0, 400), min_size=2, max_size=4)


def everyone_is_somewhere(done: Replay) -> bool:
    return all(
        m.came == m.waiting + m.held + m.gone and min(m.waiting, m.held, m.gone) >= 0
        for m in done.moments
    )


@FEW
@given(
    arrivals=LOADS,
    app=st.sampled_from(["ingest", "api", "reporting"]),
    hold_s=st.none() | st.integers(1, 200),
    connected=st.integers(0, 500),
    interrupt_s=st.none() | st.integers(0, 119),
    seed=st.integers(0, 9),
)
def test_whoever_came_waits_or_is_served_or_is_gone_and_tasks_and_cost_keep_their_bounds(
    *,
    read: ReadService,
    arrivals: list[int],
    app: str,
    hold_s: int | None,
    connected: int,
    interrupt_s: int | None,
    seed: int,
) -> None:
    at = None if interrupt_s is None else BEGIN + timedelta(seconds=interrupt_s)
    load = curve(*arrivals, app=app, hold_s=hold_s, connected=connected if app == "ingest" else 0)

    done = replay(load, read(app), Options(seed=seed, interrupt_at=at))

    assert everyone_is_somewhere(done)
    assert all(1 <= m.desired <= 20 and m.on_demand + m.spot <= 20 for m in done.moments)
    assert all(
        a.paid_on_demand <= b.paid_on_demand and a.paid_spot <= b.paid_spot
        for a, b in pairwise(done.moments)
    )
    assert sum(n for second in done.waits for _, n in second) >= done.moments[-1].held - connected


@FEW
@given(arrivals=LOADS, seed=st.integers(0, 99))
def test_the_same_seed_tells_the_same_story(
    read: ReadService, arrivals: list[int], seed: int
) -> None:
    load, service = curve(*arrivals, over_s=1), read("ingest")

    assert replay(load, service, Options(seed=seed)) == replay(load, service, Options(seed=seed))


@FEW
@given(arrivals=st.lists(st.integers(0, 40), min_size=2, max_size=4), more=st.integers(2, 8))
def test_more_tasks_never_make_a_run_wait_longer(
    read: ReadService, arrivals: list[int], more: int
) -> None:
    load = curve(*arrivals, app="reporting")
    few = msgspec.structs.replace(read("reporting"), policies=(), maximum=20)
    many = msgspec.structs.replace(few, minimum=more)

    assert longest(replay(load, many, Options())) <= longest(replay(load, few, Options()))


def test_runs_that_wait_ask_for_as_many_tasks_as_they_need(read: ReadService) -> None:
    each = TrackingPolicy("waiting", "WaitingRuns, a task", 4.0, 30, 300, scales_in=True)
    reporting = msgspec.structs.replace(read("reporting"), policies=(each,), maximum=20)
    done = replay(curve(80, *[0] * 9, app="reporting", over_s=1), reporting, Options())
    first = next(event for event in done.events if "tasks:" in event.said)

    # At once, though one task says it, and not task by task as its CPU would have it.
    assert first.said.startswith("1 to 19 tasks: WaitingRuns, a task")
    assert max(moment.desired for moment in done.moments) <= 20


def longest(done: Replay) -> int:
    return max([wait for second in done.waits for wait, _ in second] + [done.left_s])


def scheduled(service: Service) -> Service:
    actions = (
        Scheduled("peak", "cron(45 2 * * ? *)", "UTC", 4, None),
        Scheduled("after", "cron(0 3 * * ? *)", "UTC", 1, None),
    )
    return msgspec.structs.replace(service, scheduled=actions)


def test_a_scheduled_minimum_begins_at_its_time(read: ReadService) -> None:
    done = replay(curve(*[0] * 20), scheduled(read("ingest")), Options())

    assert (done.moments[899].desired, done.moments[900].desired) == (1, 4)


def test_a_curve_that_begins_within_a_scheduled_minimum_begins_with_it(read: ReadService) -> None:
    load = curve(0, 0, begin=BEGIN.replace(minute=50))

    assert replay(load, scheduled(read("ingest")), Options()).moments[0].on_demand == 1 + 1
    assert replay(load, scheduled(read("ingest")), Options(scheduled=False)).moments[0].desired == 1


def test_a_minimum_of_ones_own_stands_for_the_scheduled_ones(read: ReadService) -> None:
    done = replay(curve(*[0] * 20), scheduled(read("ingest")), Options(minimum=3))

    assert {m.desired for m in done.moments} == {3}


def test_a_minimum_above_the_maximum_is_refused(read: ReadService) -> None:
    with pytest.raises(Invalid, match="--minimum: ingest runs 1 to 20 tasks, not 21"):
        replay(curve(0, 0), read("ingest"), Options(minimum=21))


def test_spot_is_not_taken_back_outside_the_curve(read: ReadService) -> None:
    at = BEGIN - timedelta(minutes=1)

    with pytest.raises(Invalid, match="--interrupt-spot: 02:29:00 is not between 02:30:00"):
        replay(curve(0, 0), read("ingest"), Options(interrupt_at=at))


def test_after_an_interruption_everyone_is_back(read: ReadService) -> None:
    at = BEGIN + timedelta(minutes=8)
    load = curve(3_000, *[0] * 19, over_s=1)

    done = replay(load, read("ingest"), Options(interrupt_at=at, minimum=4))

    assert done.moments[480].spot == 0
    assert max(m.waiting for m in done.moments[480:]) > 1_000
    assert (done.moments[-1].held, done.moments[-1].spot >= 2) == (3_000, True)


def test_it_goes_on_after_the_curve_until_nobody_waits(read: ReadService) -> None:
    done = replay(curve(0, 100, app="reporting"), read("reporting"), Options())

    assert len(done.moments) > 120
    assert (done.moments[-1].waiting, done.moments[-1].gone) == (0, 100)


def test_it_ends_when_nobody_is_ever_served(read: ReadService) -> None:
    nothing = msgspec.structs.replace(read("ingest"), memory=64)

    done = replay(curve(10, 0, over_s=1), nothing, Options())

    assert (len(done.moments), done.moments[-1].waiting, done.left_s) == (1_920, 10, 1_920)


def tracking(service: Service, metric: str) -> Service:
    (policy, *_) = service.policies
    return msgspec.structs.replace(
        service, policies=(msgspec.structs.replace(policy, metric=metric),)
    )


def test_a_metric_that_the_load_does_not_tell_is_an_error(read: ReadService) -> None:
    service = tracking(read("api"), "MemoryUtilization")

    with pytest.raises(ConfigurationError, match="api scales on MemoryUtilization"):
        replay(curve(1, 1, app="api"), service, Options())


def test_a_metric_that_the_load_leaves_alone_is_told_of(read: ReadService) -> None:
    service = tracking(read("api"), "OpenStreams")

    done = replay(curve(1, 1, app="api"), service, Options())

    assert done.notes == ["OpenStreams stays 0 here: requests do not move it."]

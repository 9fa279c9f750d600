from collections import Counter
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.plan import prices
from infra.plan.scale import outcome
from infra.plan.scale.model import Scheduled
from infra.plan.scale.outcome import Rates, answers, quantile, rates, sampled, variations
from infra.plan.scale.simulate import Options, replay
from tests.plan.scale.described import BEGIN, ReadService, curve

CHEAP = Rates(Decimal("0.001"), Decimal("0.0003"))


def test_a_second_of_a_task_costs_what_the_table_of_prices_says(read: ReadService) -> None:
    table = prices.load()
    rate = rates(read("ingest"), table)

    hour = table["fargate.arm.vcpu"].price / 2 + table["fargate.arm.memory"].price
    assert rate.on_demand * 3_600 == pytest.approx(hour)
    assert rate.spot == rate.on_demand * table["fargate.spot.share"].price


def test_a_quiet_time_costs_its_tasks_and_nothing_more(read: ReadService) -> None:
    a = answers(replay(curve(0, 0), read("ingest"), Options()), CHEAP)

    assert (a.usd, a.extra_usd) == (Decimal("0.12"), Decimal(0))


def test_the_answers_say_who_was_served_and_when_it_was_worst(read: ReadService) -> None:
    a = answers(replay(curve(0, 5_000, 0, over_s=1), read("ingest"), Options()), CHEAP)

    assert (a.came, a.served, a.unserved, a.longest_s) == (5_000, 5_000, 0, 3)
    assert (a.highest_backlog, a.backlog_at) == (2_917, 60)


def test_devices_that_were_there_before_did_not_come(read: ReadService) -> None:
    a = answers(replay(curve(0, 5, connected=100), read("ingest"), Options()), CHEAP)

    assert (a.came, a.served) == (5, 5)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_quantile_is_a_wait_that_so_many_do_not_exceed(waits: list[int], share: float) -> None:
    found = quantile(Counter(waits), share)

    assert found in waits
    assert sum(wait <= found for wait in waits) >= share * len(waits)
    assert sum(wait < found for wait in waits) < share * len(waits)


def test_samples_cover_every_second_once_and_keep_the_peaks(read: ReadService) -> None:
    done = replay(curve(0, 5_000, 0, over_s=1), read("ingest"), Options())

    samples = sampled(done, CHEAP, 7)

    assert [s.second for s in samples] == [0, 26, 52, 78, 104, 130, 156]
    assert max(s.waiting for s in samples) == max(m.waiting for m in done.moments)
    assert samples[-1].usd == answers(done, CHEAP).usd


def test_without_a_schedule_the_tasks_of_the_peak_are_tried_as_a_minimum(
    read: ReadService,
) -> None:
    load = curve(0, 5_000, *[0] * 10, over_s=1)

    found = variations(load, read("ingest"), Options(), CHEAP, None)

    most = max(m.desired for m in found[0].replay.moments)
    assert [v.title for v in found] == [
        "as the template says",
        f"a minimum of {most} all the time",
    ]


def test_scheduled_minimums_are_left_out_to_see_what_they_are_worth(read: ReadService) -> None:
    peak = Scheduled("peak", "cron(31 2 * * ? *)", "UTC", 4, None)
    service = msgspec.structs.replace(read("ingest"), scheduled=(peak,))

    found = variations(curve(0, 0, 0), service, Options(), CHEAP, 2)

    assert [v.answers.highest_tasks for v in found] == [4, 1, 2]
    assert found[1].title == "without scheduled minimums"


def test_it_says_what_a_minimum_in_time_is_worth(read: ReadService) -> None:
    exports = variations(curve(60, 0, app="reporting"), read("reporting"), Options(), CHEAP, 8)
    quiet = variations(curve(0, 0), read("ingest"), Options(), CHEAP, 3)

    assert outcome.helps(exports).startswith("A minimum of 8 all the time helps: the slowest waits")
    assert outcome.helps(quiet).startswith("A minimum of 3 all the time does not help: nobody")


def test_a_minimum_that_only_spreads_devices_is_called_so(read: ReadService) -> None:
    load = curve(0, 500, 0, over_s=60)

    found = variations(load, read("ingest"), Options(), CHEAP, 5)

    assert "makes nobody wait less, but spreads the devices: the fullest" in outcome.helps(found)


def test_an_interruption_is_in_every_variation(read: ReadService) -> None:
    options = Options(interrupt_at=BEGIN + timedelta(seconds=30))

    found = variations(curve(0, 0), read("ingest"), options, CHEAP, 5)

    assert all("AWS takes" in v.replay.events[0].said for v in found)


def test_requests_that_ended_with_an_error_are_not_served(read: ReadService) -> None:
    a = answers(replay(curve(300, 0, 0, app="api"), read("api"), Options()), CHEAP)

    assert (a.served + a.unserved, a.unserved > 1_000) == (a.came, True)

import msgspec
import pytest

from infra.plan.scale import facts
from infra.plan.scale.alarms import Series
from infra.plan.scale.model import Adjustment, Service, StepPolicy
from infra.plan.scale.policies import Scaling, stepped
from tests.plan.scale.described import ReadService


class Driven:
    """A service whose connections a task are as they are told, and whose tasks come at once."""

    def __init__(self, service: Service) -> None:
        self._series = Series(facts.delays())
        self.scaling = Scaling(service, self._series)
        self.second = 0

    def run(self, until: int, each: float, *, running: int | None = None) -> list[int]:
        """`desired` whenever it changed."""
        changes = []
        while self.second < until:
            have = self.scaling.desired if running is None else running
            if self.scaling.step(self.second, have):
                changes.append(self.scaling.desired)
            for metric in self._series.watched():
                self._series.add(metric, self.second, [each])
            self.second += 1
        return changes


def out_of(service: Service) -> StepPolicy:
    (policy, *_) = service.policies
    assert isinstance(policy, StepPolicy)
    return policy


@pytest.mark.parametrize(
    ("kind", "change", "least", "capacity", "wanted"),
    [
        ("ChangeInCapacity", 3, 0, 4, 7),
        ("ExactCapacity", 3, 0, 4, 3),
        ("PercentChangeInCapacity", 50, 0, 4, 6),
        ("PercentChangeInCapacity", 10, 0, 4, 5),
        ("PercentChangeInCapacity", 10, 2, 4, 6),
        ("PercentChangeInCapacity", -25, 0, 4, 3),
        ("PercentChangeInCapacity", -10, 0, 4, 3),
    ],
)
def test_a_step_changes_the_capacity_as_its_kind_says(
    *, read: ReadService, kind: str, change: int, least: int, capacity: int, wanted: int
) -> None:
    policy = out_of(read("ingest"))
    step = msgspec.structs.replace(policy.steps[0], lower=None, upper=None, change=change)
    changed = msgspec.structs.replace(
        policy, adjustment=Adjustment(kind), steps=(step,), least=least
    )

    assert stepped(changed, capacity, 1_500) == wanted


@pytest.mark.parametrize(
    ("figure", "wanted"), [(999, 4), (1_000, 5), (1_999, 5), (2_000, 7), (9_000, 7)]
)
def test_the_step_is_that_of_the_distance_to_the_threshold(
    read: ReadService, figure: float, wanted: int
) -> None:
    assert stepped(out_of(read("ingest")), 4, figure) == wanted


def test_an_alarm_that_stays_acts_once_a_minute_and_counts_what_is_on_its_way(
    read: ReadService,
) -> None:
    driven = Driven(read("ingest"))

    # The first four tasks have not come: the same step again adds nothing to them.
    assert driven.run(300, 5_000, running=1) == [4]


def test_after_the_cooldown_the_next_step_counts_from_what_is_there(read: ReadService) -> None:
    driven = Driven(read("ingest"))

    assert driven.run(200, 5_000) == [4, 7]


def test_there_are_never_more_tasks_than_the_maximum(read: ReadService) -> None:
    driven = Driven(read("ingest"))
    driven.run(3_600, 5_000)

    assert driven.scaling.desired == 20


def test_tasks_go_one_by_one_after_a_quarter_of_an_hour_and_never_below_the_minimum(
    read: ReadService,
) -> None:
    driven = Driven(read("ingest"))
    driven.scaling.desired = 4

    changes = driven.run(3_600, 10)

    assert changes == [3, 2, 1]


def test_target_tracking_goes_where_the_target_would_be_met(read: ReadService) -> None:
    driven = Driven(read("api"))
    driven.scaling.desired = 2

    assert driven.run(120, 90.0)[:1] == [3]


def test_target_tracking_takes_away_a_little_at_a_time(read: ReadService) -> None:
    driven = Driven(read("api"))
    driven.scaling.desired = 20

    assert driven.run(1_700, 5.0) == [18, 17, 16]


def test_within_the_band_below_the_target_nothing_moves(read: ReadService) -> None:
    driven = Driven(read("api"))
    driven.scaling.desired = 5

    assert driven.run(3_600, 57.0) == []


def test_far_below_the_target_a_task_goes(read: ReadService) -> None:
    driven = Driven(read("api"))
    driven.scaling.desired = 2

    assert driven.run(1_200, 25.0) == [1]


def test_just_below_nine_tenths_counts(read: ReadService) -> None:
    driven = Driven(read("api"))
    driven.scaling.desired = 12

    assert driven.run(1_200, 53.0) == [11]


def test_a_smaller_breach_takes_nothing_back_of_a_scale_out_under_way(read: ReadService) -> None:
    driven = Driven(read("ingest"))
    driven.run(60, 5_000, running=1)

    assert driven.run(300, 1_500, running=1) == []
    assert driven.scaling.desired == 4


def test_a_scheduled_minimum_is_there_at_once(read: ReadService) -> None:
    driven = Driven(read("ingest"))
    driven.scaling.limit(6, None)

    assert driven.scaling.desired == 6


def test_a_minimum_that_ends_leaves_taking_away_to_the_policies(read: ReadService) -> None:
    driven = Driven(read("ingest"))
    driven.scaling.limit(6, None)
    driven.scaling.limit(1, None)

    assert driven.scaling.desired == 6

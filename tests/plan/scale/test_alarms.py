import msgspec
import pytest

from infra.plan.scale import facts
from infra.plan.scale.alarms import Series, State, judge, tick_s
from infra.plan.scale.model import Alarm, Comparison, Missing, Statistic

ALARM = Alarm(
    name="many",
    metric="ActiveConnections",
    statistic=Statistic.average,
    period_s=10,
    periods=3,
    datapoints=2,
    threshold=100,
    comparison=Comparison.above,
    missing=Missing.missing,
)
LATE_S = int(facts.DELAYS["embedded_metric"].value)


def series(alarm: Alarm = ALARM) -> Series:
    made = Series(facts.delays())
    made.watch(alarm.metric, alarm.period_s)
    return made


def test_a_period_is_seen_when_it_is_over_and_published() -> None:
    kept = series()
    kept.add("ActiveConnections", 25, [100.0, 300.0])

    before = kept.seen(30 + LATE_S - 1, ALARM)
    after = kept.seen(30 + LATE_S, ALARM)

    assert (before, after) == ([None, None, None], [None, None, 200.0])


@pytest.mark.parametrize(
    ("statistic", "figure"),
    [
        ("Average", 2.0),
        ("Maximum", 3.0),
        ("Minimum", 1.0),
        ("Sum", 4.0),
        ("SampleCount", 2.0),
        ("Average / SampleCount", 1.0),
    ],
)
def test_a_statistic_makes_one_figure_of_the_samples(statistic: str, figure: float) -> None:
    alarm = msgspec.structs.replace(ALARM, statistic=Statistic(statistic))
    kept = series()
    kept.add("ActiveConnections", 3, [1.0])
    kept.add("ActiveConnections", 7, [3.0])

    assert kept.seen(10 + LATE_S, alarm)[-1] == figure


@pytest.mark.parametrize(
    ("figures", "state"),
    [
        ([101.0, 101.0, 0.0], State.alarm),
        ([101.0, 100.0, 0.0], State.ok),
        ([None, 101.0, 101.0], State.alarm),
        ([None, None, 101.0], State.ok),
        ([None, None, None], State.unknown),
    ],
)
def test_as_many_figures_as_it_says_make_an_alarm(
    figures: list[float | None], state: State
) -> None:
    assert judge(ALARM, figures, State.ok) is state


@pytest.mark.parametrize(
    ("missing", "state"),
    [
        ("breaching", State.alarm),
        ("notBreaching", State.ok),
        ("ignore", State.alarm),
        ("missing", State.unknown),
    ],
)
def test_silence_is_taken_for_what_the_alarm_says(missing: str, state: State) -> None:
    alarm = msgspec.structs.replace(ALARM, missing=Missing(missing))

    assert judge(alarm, [None, None, None], State.alarm) is state


@pytest.mark.parametrize(
    ("comparison", "figure", "state"),
    [
        ("GreaterThanThreshold", 100, State.ok),
        ("GreaterThanOrEqualToThreshold", 100, State.alarm),
        ("LessThanThreshold", 100, State.ok),
        ("LessThanOrEqualToThreshold", 100, State.alarm),
        ("LessThanThreshold", 99, State.alarm),
    ],
)
def test_the_threshold_itself_counts_where_the_comparison_says(
    comparison: str, figure: float, state: State
) -> None:
    alarm = msgspec.structs.replace(ALARM, comparison=Comparison(comparison))

    assert judge(alarm, [figure, figure, figure], State.ok) is state


@pytest.mark.parametrize(("period_s", "every_s"), [(10, 10), (20, 10), (30, 10), (60, 60)])
def test_quick_alarms_are_looked_at_every_ten_seconds(period_s: int, every_s: int) -> None:
    assert tick_s(period_s) == every_s

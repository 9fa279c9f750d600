"""What CloudWatch makes of samples: figures of periods, seen late, and states of alarms."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from infra.plan.scale import facts
from infra.plan.scale.model import Alarm, Comparison, Missing, Statistic
from shared.telemetry import emf

MINUTE: Final = 60


class Metric(msgspec.Struct, frozen=True):
    """A metric that policies name. `statistic`, `period_s`: what target tracking takes of it.

    `delay`, `quick_delay`: names of `facts.DELAYS`, the second one for periods below a minute.
    """

    namespace: str
    name: str
    statistic: Statistic
    period_s: int
    delay: str
    quick_delay: str


def _ours(name: str, statistic: Statistic = Statistic.average) -> Metric:
    late = "embedded_metric"
    return Metric(emf.NAMESPACE, name, statistic, MINUTE, late, late)


def each(name: str) -> str:
    """The key of a metric that all tasks write the same of, for each of them."""
    return f"{name}, a task"


def _ecs(name: str, period_s: int) -> Metric:
    late = ("standard_metric", "high_resolution_metric")
    first = late[1] if period_s < MINUTE else late[0]
    return Metric("AWS/ECS", name, Statistic.average, period_s, first, late[1])


METRICS: Final[Mapping[str, Metric]] = {
    **{name: _ours(name) for name in emf.METRICS},
    **{each(name): _ours(name, Statistic.each) for name in emf.METRICS},
    "CPUUtilization": _ecs("CPUUtilization", MINUTE),
    "CPUUtilization, 20 s": _ecs("CPUUtilization", 20),
    "MemoryUtilization": _ecs("MemoryUtilization", MINUTE),
    "MemoryUtilization, 20 s": _ecs("MemoryUtilization", 20),
    "RequestCountPerTarget": Metric(
        "AWS/ApplicationELB",
        "RequestCountPerTarget",
        Statistic.total,
        MINUTE,
        "balancer_metric",
        "balancer_metric",
    ),
}
# Predefined metrics of target tracking.
TRACKED: Final[Mapping[str, str]] = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution": "CPUUtilization, 20 s",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    "ECSServiceAverageMemoryUtilizationHighResolution": "MemoryUtilization, 20 s",
    "ALBRequestCountPerTarget": "RequestCountPerTarget",
}


class _Sum:
    """The samples of one period."""

    __slots__ = ("count", "largest", "smallest", "total")

    def __init__(self) -> None:
        self.count, self.total = 0, 0.0
        self.largest, self.smallest = float("-inf"), float("inf")

    def add(self, values: Sequence[float]) -> None:
        self.count += len(values)
        self.total += sum(values)
        self.largest = max(self.largest, *values)
        self.smallest = min(self.smallest, *values)

    def figure(self, statistic: Statistic) -> float:
        match statistic:
            case Statistic.average:
                return self.total / self.count
            case Statistic.total:
                return self.total
            case Statistic.largest:
                return self.largest
            case Statistic.smallest:
                return self.smallest
            case Statistic.samples:
                return float(self.count)
            case Statistic.each:
                return self.total / self.count / self.count


class Series:
    """The samples of all metrics that are watched, kept by period."""

    def __init__(self, delays: Mapping[str, float]) -> None:
        self._delays = delays
        self._periods: dict[str, dict[int, dict[int, _Sum]]] = {}

    def watch(self, metric: str, period_s: int) -> None:
        """Keep `metric` in periods of `period_s`."""
        self._periods.setdefault(metric, {}).setdefault(period_s, {})

    def watched(self) -> frozenset[str]:
        """The metrics that somebody looks at."""
        return frozenset(self._periods)

    def add(self, metric: str, second: int, values: Sequence[float]) -> None:
        """Samples of one second, one a task."""
        if not values:
            return
        for period_s, sums in self._periods.get(metric, {}).items():
            sums.setdefault(second // period_s, _Sum()).add(values)

    def seen(self, second: int, alarm: Alarm) -> list[float | None]:
        """The figures of the alarm's periods that can be seen at `second`, the newest last."""
        metric = METRICS[alarm.metric]
        late = self._delays[metric.quick_delay if alarm.period_s < MINUTE else metric.delay]
        newest = int((second - late) // alarm.period_s) - 1
        sums = self._periods[alarm.metric][alarm.period_s]
        return [
            found.figure(alarm.statistic) if (found := sums.get(at)) is not None else None
            for at in range(newest - alarm.periods + 1, newest + 1)
        ]


class State(StrEnum):
    """Of an alarm."""

    ok = "OK"
    alarm = "ALARM"
    unknown = "INSUFFICIENT_DATA"


def tick_s(period_s: int) -> int:
    """How often an alarm is looked at."""
    quick = period_s < MINUTE
    return int((facts.HIGH_RESOLUTION_TICK if quick else facts.STANDARD_TICK).value)


def judge(alarm: Alarm, figures: Sequence[float | None], before: State) -> State:
    """The state after `figures`."""
    missing = sum(figure is None for figure in figures)
    if missing == len(figures) and alarm.missing is Missing.ignore:
        return before
    if missing == len(figures) and alarm.missing is Missing.missing:
        return State.unknown
    breaching = sum(figure is not None and breaches(alarm, figure) for figure in figures)
    if alarm.missing is Missing.breaching:
        breaching += missing
    return State.alarm if breaching >= alarm.datapoints else State.ok


def breaches(alarm: Alarm, figure: float) -> bool:
    """Whether a figure is on the wrong side of the threshold."""
    match alarm.comparison:
        case Comparison.above:
            return figure > alarm.threshold
        case Comparison.from_above:
            return figure >= alarm.threshold
        case Comparison.below:
            return figure < alarm.threshold
        case Comparison.from_below:
            return figure <= alarm.threshold

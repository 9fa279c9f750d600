"""What Application Auto Scaling does when alarms go off."""

import math
from collections.abc import Sequence
from typing import Final

from infra.plan.scale import facts
from infra.plan.scale.alarms import METRICS, MINUTE, Series, State, judge, tick_s
from infra.plan.scale.model import (
    Adjustment,
    Alarm,
    Comparison,
    Missing,
    Policy,
    Service,
    StepPolicy,
    TrackingPolicy,
)

# The alarms that target tracking makes: three periods above the target; a quarter of an hour
# below nine tenths of it.
HIGH_PERIODS: Final = 3
LOW_S: Final = 15 * MINUTE
LOW_SHARE: Final = 0.9
# Target tracking takes away more gradually than it adds; how much more is not published.
LARGEST_CUT: Final = 0.1


def alarms(policy: Policy) -> tuple[Alarm, ...]:
    """The alarms that start `policy`; of target tracking the high one first."""
    if isinstance(policy, StepPolicy):
        return (policy.alarm,)
    high = _made(policy, "high", Comparison.above, policy.target, HIGH_PERIODS)
    if not policy.scales_in:
        return (high,)
    periods = LOW_S // METRICS[policy.metric].period_s
    return high, _made(policy, "low", Comparison.below, policy.target * LOW_SHARE, periods)


def _made(
    policy: TrackingPolicy, what: str, comparison: Comparison, threshold: float, periods: int
) -> Alarm:
    metric = METRICS[policy.metric]
    return Alarm(
        name=f"{policy.name}, {what}",
        metric=policy.metric,
        statistic=metric.statistic,
        period_s=metric.period_s,
        periods=periods,
        datapoints=periods,
        threshold=threshold,
        comparison=comparison,
        missing=Missing.missing,
    )


def stepped(policy: StepPolicy, capacity: int, figure: float) -> int:
    """The capacity that a step policy wants from `capacity` on."""
    beyond = figure - policy.alarm.threshold
    upwards = policy.alarm.comparison in {Comparison.above, Comparison.from_above}
    for step in policy.steps:
        low = -math.inf if step.lower is None else step.lower
        high = math.inf if step.upper is None else step.upper
        if low <= beyond < high if upwards else low < beyond <= high:
            return _adjusted(policy, capacity, step.change)
    return capacity


def _adjusted(policy: StepPolicy, capacity: int, change: int) -> int:
    match policy.adjustment:
        case Adjustment.exact:
            return change
        case Adjustment.change:
            return capacity + change
        case Adjustment.percent:
            # Towards zero, but one task at least (step scaling, adjustment types).
            by = max(policy.least, 1, int(abs(capacity * change / 100)))
            return capacity + (by if change > 0 else -by)


def tracked(policy: TrackingPolicy, capacity: int, figure: float) -> int:
    """The capacity that brings `figure` to the target."""
    wanted = math.ceil(capacity * figure / policy.target)
    return max(wanted, capacity - max(1, int(capacity * LARGEST_CUT)))


class _Out:
    """A scale-out that is under way, or that holds the next one back."""

    def __init__(self, base: int, second: int, cooldown_s: int) -> None:
        self.base = base
        self.began = second
        self.cooldown_s = cooldown_s
        self.until: int | None = None

    def over(self, second: int, *, arrived: bool) -> bool:
        """Whether the next one counts from what is there now. The cooldown begins when the tasks
        have `arrived`.
        """
        late = second - self.began >= facts.ACTIVITY_LIMIT.value
        if self.until is None and (arrived or late):
            self.until = second + self.cooldown_s
        return self.until is not None and second >= self.until


class _Watched:
    """An alarm, the policy that it starts, and how it stands."""

    def __init__(self, alarm: Alarm, policy: Policy) -> None:
        self.alarm, self.policy = alarm, policy
        self.state = State.unknown
        self.acted = -(10**9)
        self.figure: float | None = None

    @property
    def lowers(self) -> bool:
        return self.alarm.comparison in {Comparison.below, Comparison.from_below}

    @property
    def why(self) -> str:
        """The figure and what it is held against."""
        sign = {
            Comparison.above: ">",
            Comparison.from_above: "≥",
            Comparison.below: "<",
            Comparison.from_below: "≤",
        }[self.alarm.comparison]
        figure = 0.0 if self.figure is None else self.figure
        return f"{self.alarm.metric} {figure:,.4g} {sign} {self.alarm.threshold:,.4g}"

    def look(self, second: int, series: Series) -> bool:
        """Look at the figures; returns whether the policy is invoked."""
        figures = series.seen(second, self.alarm)
        self.state = judge(self.alarm, figures, self.state)
        self.figure = next((f for f in reversed(figures) if f is not None), None)
        if self.state is not State.alarm:
            self.acted = -(10**9)
            return False
        if self.figure is None or second - self.acted < facts.ACTION_REPEAT.value:
            return False
        self.acted = second
        return True


class Scaling:
    """The desired number of tasks, as policies and scheduled actions move it."""

    def __init__(self, service: Service, series: Series) -> None:
        self.minimum, self.maximum = service.minimum, service.maximum
        self.desired = service.minimum
        self._series = series
        self._watched = [_Watched(a, p) for p in service.policies for a in alarms(p)]
        for one in self._watched:
            series.watch(one.alarm.metric, one.alarm.period_s)
        self._outs: dict[str, _Out] = {}
        self._no_in_before = 0

    def limit(self, minimum: int | None, maximum: int | None) -> None:
        """A scheduled action: new limits, kept at once."""
        self.minimum = self.minimum if minimum is None else minimum
        self.maximum = self.maximum if maximum is None else maximum
        self.desired = min(max(self.desired, self.minimum), self.maximum)

    def step(self, second: int, running: int) -> str:
        """Look at the alarms that are due; returns why `desired` changed, empty if it did not."""
        arrived = running >= self.desired
        self._outs = {
            name: out for name, out in self._outs.items() if not out.over(second, arrived=arrived)
        }
        invoked = [
            one
            for one in self._watched
            if second % tick_s(one.alarm.period_s) == 0 and one.look(second, self._series)
        ]
        return self._decide(second, invoked) if invoked else ""

    def _decide(self, second: int, invoked: Sequence[_Watched]) -> str:
        wanted = [(self._wanted(one), one) for one in invoked]
        best = max(wanted, key=lambda pair: pair[0])
        if best[0] > self.desired:
            self._grow(second, *best)
        elif best[0] < self.desired and self._may_shrink(second, best[1]):
            self.desired = best[0]
            self._no_in_before = second + _in_cooldown(best[1].policy)
        else:
            return ""
        return best[1].why

    def _wanted(self, one: _Watched) -> int:
        """What a policy wants; during a scale-out of its own, counted from before that."""
        out = None if one.lowers else self._outs.get(one.policy.name)
        base = self.desired if out is None else out.base
        figure = one.figure or 0.0
        policy = one.policy
        if isinstance(policy, StepPolicy):
            wanted = stepped(policy, base, figure)
        else:
            wanted = tracked(policy, base, figure)
            wanted = min(wanted, self.desired) if one.lowers else max(wanted, self.desired)
        if out is not None:
            wanted = max(wanted, self.desired)
        return min(max(wanted, self.minimum), self.maximum)

    def _grow(self, second: int, wanted: int, one: _Watched) -> None:
        before = self._outs.get(one.policy.name)
        base = self.desired if before is None else before.base
        self._outs[one.policy.name] = _Out(base, second, _out_cooldown(one.policy))
        self.desired = wanted
        self._no_in_before = second

    def _may_shrink(self, second: int, by: _Watched) -> bool:
        """A policy of steps takes away by itself, target tracking when all of it agrees."""
        if second < self._no_in_before:
            return False
        return isinstance(by.policy, StepPolicy) or all(
            one.state is State.alarm
            for one in self._watched
            if isinstance(one.policy, TrackingPolicy) and one.lowers
        )


def _out_cooldown(policy: Policy) -> int:
    return policy.cooldown_s if isinstance(policy, StepPolicy) else policy.out_cooldown_s


def _in_cooldown(policy: Policy) -> int:
    return policy.cooldown_s if isinstance(policy, StepPolicy) else policy.in_cooldown_s

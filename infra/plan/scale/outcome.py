"""What a replay answers: how long, how many, how much, and whether a minimum in time helps."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import msgspec

from infra.plan.prices import Prices
from infra.plan.scale import schedule
from infra.plan.scale.curves import Curve
from infra.plan.scale.load import Waits
from infra.plan.scale.model import ON_DEMAND, SPOT, Service
from infra.plan.scale.simulate import LOOK_BACK, Moment, Options, Replay, replay
from infra.plan.scale.tasks import split

HOUR_S = 3_600


class Rates(msgspec.Struct, frozen=True):
    """Dollars for a second of a task."""

    on_demand: Decimal
    spot: Decimal

    def cost(self, on_demand_s: int, spot_s: int) -> Decimal:
        return self.on_demand * on_demand_s + self.spot * spot_s


def rates(service: Service, prices: Prices) -> Rates:
    """From the table: on demand without a savings plan, and the likely price of Spot."""
    kind = "arm" if service.arm else "x86"
    vcpu, gb = Decimal(service.cpu) / 1_024, Decimal(service.memory) / 1_024
    hour = vcpu * prices[f"fargate.{kind}.vcpu"].price + gb * prices[f"fargate.{kind}.memory"].price
    on_demand = hour / HOUR_S
    return Rates(on_demand, on_demand * prices["fargate.spot.share"].price)


class Answers(msgspec.Struct, frozen=True):
    """Of one replay. Seconds; waits to the end of the second in which they ended.

    `unserved`: who got an error, or still waits at the end; `longest_s`: until the others were
    served, at least so long for those who still wait; `extra_usd`: above what the same time costs
    with the tasks of its beginning.
    """

    came: int
    served: int
    unserved: int
    longest_s: int
    p50_s: int
    p99_s: int
    highest_backlog: int
    backlog_at: int
    refused: int
    highest_tasks: int
    tasks_at: int
    tasks_before: int
    fullest: float
    fullest_at: int
    usd: Decimal
    extra_usd: Decimal


def answers(done: Replay, rate: Rates) -> Answers:
    """The answers of a replay."""
    waits = Counter[int]()
    for second in done.waits:
        _count(waits, second)
    last, first = done.moments[-1], done.moments[0]
    backlog = max(done.moments, key=lambda m: m.waiting)
    tasks = max(done.moments, key=_tasks)
    fullest = max(done.moments, key=lambda m: m.most)
    usd = rate.cost(last.paid_on_demand, last.paid_spot)
    refused = sum(m.refused for m in done.moments)
    before = split(done.service.providers, first.desired)
    seconds = len(done.moments)
    idle = rate.cost(before.get(ON_DEMAND, 0) * seconds, before.get(SPOT, 0) * seconds)
    return Answers(
        came=last.came - done.curve.connected,
        served=waits.total(),
        unserved=_unserved(done, last, refused),
        longest_s=max(max(waits, default=0), done.left_s),
        p50_s=quantile(waits, 0.5),
        p99_s=quantile(waits, 0.99),
        highest_backlog=backlog.waiting,
        backlog_at=backlog.second,
        refused=refused,
        highest_tasks=_tasks(tasks),
        tasks_at=tasks.second,
        tasks_before=first.desired,
        fullest=fullest.most,
        fullest_at=fullest.second,
        usd=usd,
        extra_usd=usd - idle,
    )


def _unserved(done: Replay, last: Moment, refused: int) -> int:
    """A request that is turned away is lost; a device comes back."""
    begun = {"runs": last.held, "requests": refused}
    return last.waiting + begun.get(done.what, 0)


def _tasks(moment: Moment) -> int:
    return moment.on_demand + moment.spot


def _count(counter: Counter[int], waits: Waits) -> None:
    for wait, count in waits:
        counter[wait] += count


def quantile(waits: Counter[int], share: float) -> int:
    """The smallest wait that `share` of all do not exceed; 0 of none."""
    wanted, seen = share * waits.total(), 0
    for wait in sorted(waits):
        seen += waits[wait]
        if seen >= wanted:
            return wait
    return 0


class Sample(msgspec.Struct, frozen=True):
    """Some seconds of a replay, from `second` on: the highest of them, or the last.

    `p50_s`, `p99_s`: waits of those served meanwhile, none if nobody was.
    """

    second: int
    desired: int
    on_demand: int
    spot: int
    serving: int
    waiting: int
    held: int
    refused: int
    most: float
    average: float
    p50_s: int | None
    p99_s: int | None
    usd: Decimal


def sampled(done: Replay, rate: Rates, most: int) -> list[Sample]:
    """The replay in `most` samples at most, each of as many whole seconds."""
    seconds = len(done.moments)
    each = -(-seconds // most)
    edges = [*range(0, seconds, each), seconds]
    return [_sample(done, rate, begin, end) for begin, end in pairwise(edges)]


def _sample(done: Replay, rate: Rates, begin: int, end: int) -> Sample:
    moments = done.moments[begin:end]
    waits = Counter[int]()
    for second in done.waits[begin:end]:
        _count(waits, second)
    fullest, last = max(moments, key=_tasks), moments[-1]
    return Sample(
        second=begin,
        desired=max(m.desired for m in moments),
        on_demand=fullest.on_demand,
        spot=fullest.spot,
        serving=max(m.serving for m in moments),
        waiting=max(m.waiting for m in moments),
        held=max(m.held for m in moments),
        refused=sum(m.refused for m in moments),
        most=max(m.most for m in moments),
        average=max(m.average for m in moments),
        p50_s=quantile(waits, 0.5) if waits else None,
        p99_s=quantile(waits, 0.99) if waits else None,
        usd=rate.cost(last.paid_on_demand, last.paid_spot),
    )


class Variation(msgspec.Struct, frozen=True):
    """The same load with something else than the template says, or just as it says."""

    title: str
    replay: Replay
    answers: Answers


def variations(
    curve: Curve, service: Service, options: Options, rate: Rates, minimum: int | None
) -> list[Variation]:
    """As the template says first. Then without its scheduled minimums, where there are some for
    this time; with `minimum` all the time, where one is given; and where neither is so, with as
    many tasks all the time as the peak came to.
    """
    first = _vary("as the template says", curve, service, options, rate)
    found = [first]
    if _schedules(curve, service):
        other = msgspec.structs.replace(options, scheduled=False)
        found.append(_vary("without scheduled minimums", curve, service, other, rate))
    elif minimum is None:
        minimum = max(m.desired for m in first.replay.moments)
    if minimum is not None:
        other = msgspec.structs.replace(options, minimum=minimum)
        found.append(_vary(f"a minimum of {minimum} all the time", curve, service, other, rate))
    return found


def _schedules(curve: Curve, service: Service) -> bool:
    """Whether a scheduled action is in force at some time of the curve."""
    return any(
        True
        for action in service.scheduled
        for _ in schedule.times(action.schedule, action.zone, curve.begin - LOOK_BACK, curve.end)
    )


def _vary(title: str, curve: Curve, service: Service, options: Options, rate: Rates) -> Variation:
    done = replay(curve, service, options)
    return Variation(title, done, answers(done, rate))


def helps(found: Sequence[Variation]) -> str:
    """Whether a minimum in time helps, in a sentence; empty where nothing was compared."""
    if len(found) < 2:
        return ""
    first, other = found[0].answers, found[1].answers
    scheduled = not found[1].replay.options.scheduled
    have, lack = (first, other) if scheduled else (other, first)
    what = "The scheduled minimum" if scheduled else found[1].title.capitalize()
    extra = have.usd - lack.usd
    price = f"for {money(abs(extra))} USD {'more' if extra >= 0 else 'less'} in this time."
    return f"{what} {_gain(have, lack, found[0].replay.what)}, {price}"


def _gain(have: Answers, lack: Answers, whom: str) -> str:
    """What is gained by a minimum: `have` with it, `lack` without."""
    slower = have.longest_s - lack.longest_s
    if have.unserved < lack.unserved:
        served = f"{have.unserved:,} are not served" if have.unserved else "everyone is served"
        return f"helps: {served}, without it {lack.unserved:,} are not"
    if slower < 0:
        return f"helps: the slowest waits {-slower} s less"
    if slower > 0:
        return f"does not help: the slowest waits {slower} s longer"
    if have.fullest < lack.fullest and whom != "requests":
        fullest = f"{have.fullest:,.0f} instead of {lack.fullest:,.0f}"
        return f"makes nobody wait less, but spreads the {whom}: the fullest task has {fullest}"
    return "does not help: nobody waits less"


def money(usd: Decimal) -> str:
    """Dollars, small sums to a tenth of a cent."""
    return f"{usd:,.2f}" if abs(usd) >= 1 else f"{usd:.3f}"

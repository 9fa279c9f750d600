"""One second after the other: load, metrics, alarms, desired tasks, tasks, and what they cost."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from infra.plan.scale import facts, schedule
from infra.plan.scale.alarms import METRICS, Series
from infra.plan.scale.clock import spoken
from infra.plan.scale.curves import Curve, Kind
from infra.plan.scale.devices import Devices
from infra.plan.scale.load import Load, Waits
from infra.plan.scale.model import Service
from infra.plan.scale.policies import Scaling
from infra.plan.scale.runs import Runs
from infra.plan.scale.tasks import Fleet, Stage
from infra.plan.scale.work import Requests
from shared.errors import ConfigurationError, Invalid

# Who looks a month back finds the scheduled action that is in force when a curve begins.
LOOK_BACK: Final = timedelta(days=32)
# A replay goes on after its curve while somebody waits, for so long at most.
AFTER_S: Final = 1_800


class Options(msgspec.Struct, frozen=True):
    """What a replay is told beside the curve and the service.

    `minimum`: instead of the template's, all the time; `scheduled`: whether scheduled actions are
    carried out; `interrupt_at`: when AWS takes Spot back, for `spot_away_s`.
    """

    seed: int = 0
    minimum: int | None = None
    scheduled: bool = True
    interrupt_at: datetime | None = None
    spot_away_s: int = 600
    delays: Mapping[str, float] = msgspec.field(default_factory=dict)


class Moment(msgspec.Struct, frozen=True):
    """The end of one second. `seconds_paid`: task seconds so far, on demand and Spot.

    `most`, `average`: devices connected, runs, or CPU in percent, of the fullest and of the
    average task.
    """

    second: int
    desired: int
    on_demand: int
    spot: int
    serving: int
    came: int
    waiting: int
    held: int
    gone: int
    refused: int
    most: float
    average: float
    paid_on_demand: int
    paid_spot: int


class Event(msgspec.Struct, frozen=True):
    """Something that changed how many tasks are wanted, or were there."""

    second: int
    said: str


class Replay(msgspec.Struct, frozen=True):
    """What happened. `waits` are those of every second, `left_s` the longest that still went on."""

    curve: Curve
    service: Service
    options: Options
    what: str
    moments: Sequence[Moment]
    waits: Sequence[Waits]
    events: Sequence[Event]
    left_s: int
    notes: Sequence[str]


def replay(curve: Curve, service: Service, options: Options) -> Replay:
    """Replay `curve` against `service`. Equal arguments, equal outcome."""
    if options.minimum is not None:
        _check_minimum(options.minimum, service)
        service = msgspec.structs.replace(service, minimum=options.minimum)
    run = _Run(curve, service, options)
    run.begin()
    second = 0
    while second < curve.seconds or (
        run.load.waiting + run.working and second < curve.seconds + AFTER_S
    ):
        run.step(second)
        second += 1
    return run.ended()


def _check_minimum(minimum: int, service: Service) -> None:
    if not 1 <= minimum <= service.maximum:
        raise Invalid(f"--minimum: {service.app} runs 1 to {service.maximum} tasks, not {minimum}")


def _load(curve: Curve, service: Service, rng: random.Random) -> Load:
    match curve.kind:
        case Kind.devices:
            return Devices(curve, service, rng)
        case Kind.runs:
            return Runs(curve, service)
        case Kind.requests:
            return Requests(curve, service)


class _Run:
    """A replay under way."""

    def __init__(self, curve: Curve, service: Service, options: Options) -> None:
        self._curve, self._service, self._options = curve, service, options
        delays = facts.delays(options.delays)
        # Chance of the platform and of the load apart: neither moves the other.
        self._fleet = Fleet(service, delays, random.Random(options.seed))  # noqa: S311 - a replay, no secret
        self._series = Series(delays)
        self._scaling = Scaling(service, self._series)
        self._watched = {
            metric: [name for name in self._series.watched() if METRICS[name].name == metric]
            for metric in {metric.name for metric in METRICS.values()}
        }
        self.load = _load(curve, service, random.Random(options.seed + 1))  # noqa: S311 - the same
        self._names = frozenset(METRICS[name].name for name in self._series.watched())
        unmoved = self._names - self.load.tells - self.load.still
        if unmoved:
            raise ConfigurationError(
                f"{service.app} scales on {', '.join(sorted(unmoved))}, which a load of"
                f" {self.load.what} does not tell: it cannot be replayed"
            )
        self._limits = self._scheduled()
        self._moments: list[Moment] = []
        self._waits: list[Waits] = []
        self._events: list[Event] = []
        self._paid = {False: 0, True: 0}
        self._interrupt_s = _offset(curve, options.interrupt_at)

    @property
    def working(self) -> int:
        """Runs that are being made: they have not been served before their end."""
        return self.load.held if self._curve.kind is Kind.runs else 0

    def begin(self) -> None:
        for second in sorted(s for s in self._limits if s < 0):
            self._limit(second, quiet=True)
        # What an earlier peak had asked for is long gone.
        self._scaling.desired = self._scaling.minimum
        self._fleet.begin(self._scaling.desired)

    def step(self, second: int) -> None:
        self._limit(second)
        if second == self._interrupt_s:
            taken = self._fleet.interrupt(second, self._options.spot_away_s)
            away = self._options.spot_away_s
            self._say(second, f"AWS takes {taken} Spot tasks back, for {away} s there are none")
        self._scale(second)
        self._fleet.step(second, self._scaling.desired)
        self.load.step(second, self._fleet)
        for metric, values in self.load.samples(second).items():
            for name in self._watched.get(metric, ()):
                self._series.add(name, second, values)
        self._waits.append(self.load.waits)
        self._moments.append(self._moment(second))

    def ended(self) -> Replay:
        return Replay(
            curve=self._curve,
            service=self._service,
            options=self._options,
            what=self.load.what,
            moments=self._moments,
            waits=self._waits,
            events=self._events,
            left_s=self.load.left_waiting(len(self._moments)),
            notes=[
                f"{name} stays 0 here: {self.load.what} do not move it."
                for name in sorted(self._names & self.load.still)
            ],
        )

    def _scheduled(self) -> dict[int, list[tuple[str, int | None, int | None]]]:
        """Limits by second of the curve; those before it are below 0."""
        limits: dict[int, list[tuple[str, int | None, int | None]]] = {}
        if not self._options.scheduled or self._options.minimum is not None:
            return limits
        begin, end = self._curve.begin, self._curve.end + timedelta(seconds=AFTER_S)
        for action in self._service.scheduled:
            for at in schedule.times(action.schedule, action.zone, begin - LOOK_BACK, end):
                second = int((at - begin).total_seconds())
                limits.setdefault(second, []).append((action.name, action.minimum, action.maximum))
        return limits

    def _limit(self, second: int, *, quiet: bool = False) -> None:
        for name, minimum, maximum in self._limits.get(second, ()):
            self._scaling.limit(minimum, maximum)
            if not quiet:
                low, high = self._scaling.minimum, self._scaling.maximum
                self._say(second, f"scheduled action {name}: from now on {low} to {high} tasks")

    def _scale(self, second: int) -> None:
        before = self._scaling.desired
        why = self._scaling.step(second, self._fleet.running)
        if why:
            self._say(second, f"{before} to {self._scaling.desired} tasks: {why}")

    def _say(self, second: int, said: str) -> None:
        self._events.append(Event(second, said))

    def _moment(self, second: int) -> Moment:
        up = self._fleet.in_stage(Stage.running, Stage.serving)
        load = self.load
        spot = sum(task.spot for task in up)
        return Moment(
            second=second,
            desired=self._scaling.desired,
            on_demand=len(up) - spot,
            spot=spot,
            serving=len(self._fleet.in_stage(Stage.serving)),
            came=load.came,
            waiting=load.waiting,
            held=load.held,
            gone=load.gone,
            refused=load.refused,
            most=load.most(),
            average=load.average(),
            paid_on_demand=self._fleet.paid_s[False],
            paid_spot=self._fleet.paid_s[True],
        )


def _offset(curve: Curve, at: datetime | None) -> int | None:
    if at is None:
        return None
    if not curve.begin <= at < curve.end:
        raise Invalid(
            f"--interrupt-spot: {spoken(at)} is not between {spoken(curve.begin)} and"
            f" {spoken(curve.end)} of the curve"
        )
    return int((at - curve.begin).total_seconds())

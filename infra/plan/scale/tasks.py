"""The tasks of a service: asked for, launched, found healthy, drained, stopped, and paid for.

ECS keeps as many as are desired, divided by the capacity provider strategy. Fargate never puts
on demand in the place of Spot that cannot be had.
"""

import random
from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import cache
from typing import Final

from infra.plan.scale import facts
from infra.plan.scale.model import ON_DEMAND, SPOT, Provider, Service

NEVER: Final = 10**9


class Stage(IntEnum):
    """Of a task's life, in its order."""

    starting = 0
    running = 1
    serving = 2
    leaving = 3
    draining = 4
    stopped = 5


class Task:
    """One task. Its times are seconds of the replay; `NEVER`: not known.

    `leaving`: the balancer sends nothing new, and what is connected stays until SIGTERM.
    `draining`: SIGTERM has come. `routed_until`: when the balancer has noticed that.
    """

    __slots__ = (
        "billed_from",
        "number",
        "paid_s",
        "ready_at",
        "routed_until",
        "running_at",
        "spot",
        "stage",
        "stop_by",
        "stopped_at",
        "term_at",
    )

    def __init__(self, number: int, *, spot: bool) -> None:
        self.number, self.spot = number, spot
        self.stage = Stage.starting
        self.billed_from = self.running_at = self.ready_at = NEVER
        self.term_at = self.stop_by = self.stopped_at = NEVER
        self.routed_until = self.paid_s = 0


class Bucket:
    """Launches: so many at once, and so many a second."""

    def __init__(self) -> None:
        self._left, self._at = facts.LAUNCH_BURST.value, 0

    def take(self, second: int) -> bool:
        """Whether one more may be launched in `second`."""
        refill = (second - self._at) * facts.LAUNCH_RATE.value
        self._left, self._at = min(facts.LAUNCH_BURST.value, self._left + refill), second
        if self._left < 1:
            return False
        self._left -= 1
        return True


@cache
def split(providers: tuple[Provider, ...], tasks: int) -> Mapping[str, int]:
    """How many of `tasks` each provider gets: bases first, then by weight."""
    counts = {provider.name: 0 for provider in providers}
    for provider in providers:
        counts[provider.name] = min(provider.base, tasks - sum(counts.values()))
    weighted = {p.name: 0 for p in providers if p.weight > 0}
    weights = {p.name: p.weight for p in providers}
    while weighted and sum(counts.values()) < tasks:
        name = min(weighted, key=lambda n: ((weighted[n] + 1) / weights[n], n != ON_DEMAND))
        weighted[name] += 1
        counts[name] += 1
    return counts


class Fleet:
    """The tasks of a service. `paid_s`: seconds to pay for so far, by whether they are Spot."""

    def __init__(self, service: Service, delays: dict[str, float], rng: random.Random) -> None:
        self._service, self._delays, self._rng = service, delays, rng
        self._launches = {ON_DEMAND: Bucket(), SPOT: Bucket()}
        self._spot_away_until = -1
        self._tasks = 0
        self.live: list[Task] = []
        # Ended, and not yet noticed by the balancer.
        self._ghosts: list[Task] = []
        self.paid_s = {False: 0, True: 0}

    def begin(self, tasks: int) -> None:
        """Tasks that have been there for long."""
        for name, count in split(self._service.providers, tasks).items():
            for _ in range(count):
                task = self._new(spot=name == SPOT)
                task.billed_from = task.running_at = task.ready_at = 0
                task.stage = Stage.serving

    def in_stage(self, *stages: Stage) -> list[Task]:
        return [task for task in self.live if task.stage in stages]

    @property
    def running(self) -> int:
        """What ECS counts: tasks that run and are to go on running."""
        return len(self.in_stage(Stage.running, Stage.serving))

    def routed(self, second: int) -> list[Task]:
        """Where the balancer sends to, rightly or not."""
        return [
            task
            for task in (*self.live, *self._ghosts)
            if task.stage is Stage.serving
            or (task.stage >= Stage.draining and second < task.routed_until)
        ]

    def step(self, second: int, desired: int) -> None:
        """One second of the tasks' lives, then as many as are desired."""
        for task in self.live:
            self._age(task, second)
            if task.billed_from <= second and task.stage is not Stage.stopped:
                task.paid_s += 1
                self.paid_s[task.spot] += 1
        ended = [task for task in self.live if task.stage is Stage.stopped]
        self._ghosts = [t for t in (*self._ghosts, *ended) if second < t.routed_until]
        self.live = [task for task in self.live if task.stage is not Stage.stopped]
        staying = self.in_stage(Stage.starting, Stage.running, Stage.serving)
        for name, wanted in split(self._service.providers, desired).items():
            have = [task for task in staying if task.spot == (name == SPOT)]
            for _ in range(wanted - len(have)):
                self._launch(name, second)
            for task in self._chosen(have, len(have) - wanted):
                self._stop(task, second)

    def interrupt(self, second: int, away_s: int) -> int:
        """AWS takes Spot back: SIGTERM now, and none can be had for a while. Returns how many."""
        self._spot_away_until = second + away_s
        taken = [t for t in self.live if t.spot and t.stage < Stage.draining]
        for task in taken:
            if task.stage < Stage.running:
                self._end(task, second)
            else:
                self._terminate(task, second)
                target = self._service.target
                noticed = 0 if target is None else target.unhealthy * target.interval_s
                task.routed_until = second + noticed if task.ready_at <= second else 0
        return len(taken)

    def done(self, task: Task, second: int) -> None:
        """The container has ended by itself after SIGTERM."""
        self._end(task, second)

    def _new(self, *, spot: bool) -> Task:
        task = Task(self._tasks, spot=spot)
        self._tasks += 1
        self.live.append(task)
        return task

    def _launch(self, name: str, second: int) -> None:
        if name == SPOT and second < self._spot_away_until:
            return
        if not self._launches[name].take(second):
            return
        task = self._new(spot=name == SPOT)
        pulls = second + self._delays["provision"]
        runs = pulls + facts.pull_s(self._service.app)
        task.billed_from = round(pulls)
        task.running_at = round(runs)
        task.ready_at = round(runs + self._delays["start"] + self._until_healthy())

    def _until_healthy(self) -> float:
        target = self._service.target
        if target is None:
            return 0.0
        name = "network_balancer_target" if target.network else "application_balancer_target"
        return self._delays[name] + target.interval_s * target.healthy

    def _age(self, task: Task, second: int) -> None:
        if task.stage is Stage.starting and second >= task.running_at:
            task.stage = Stage.running
        if task.stage is Stage.running and second >= task.ready_at:
            task.stage = Stage.serving
        if task.stage is Stage.leaving and second >= task.term_at:
            self._terminate(task, second)
        if task.stage is Stage.draining and second >= task.stop_by:
            self._end(task, second)

    def _chosen(self, tasks: Sequence[Task], count: int) -> list[Task]:
        """Those that ECS stops: what has not begun to serve first, otherwise any (it promises
        nothing).
        """
        if count <= 0:
            return []
        order = sorted(tasks, key=lambda task: (task.stage, self._rng.random()))
        return order[:count]

    def _stop(self, task: Task, second: int) -> None:
        """A planned stop: out of the balancer, the deregistration delay, then SIGTERM."""
        if task.stage < Stage.running:
            self._end(task, second)
            return
        target = self._service.target
        task.stage = Stage.leaving
        task.term_at = second + (0 if target is None else target.deregistration_s)

    def _terminate(self, task: Task, second: int) -> None:
        task.stage, task.term_at = Stage.draining, second
        task.stop_by = second + self._service.stop_timeout_s

    def _end(self, task: Task, second: int) -> None:
        task.stage, task.stopped_at = Stage.stopped, second
        if task.paid_s:
            self.paid_s[task.spot] += max(0, int(facts.SMALLEST_BILL.value) - task.paid_s)

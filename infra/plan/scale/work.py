"""Work that waits in line for seconds: requests of people."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from infra import routes
from infra.plan.scale import capacity
from infra.plan.scale.arrivals import Arrivals
from infra.plan.scale.curves import Curve
from infra.plan.scale.load import Waits
from infra.plan.scale.model import Service
from infra.plan.scale.tasks import Fleet, Stage, Task
from shared.telemetry import emf

STREAMS_S: Final = emf.METRICS["OpenStreams"].every_s


class Requests:
    """Requests against a web app: one line for all tasks, as far as their CPU goes.

    Whoever waits for longer than the balancer is patient gets an error and is gone.
    """

    what = "requests"
    tells = frozenset({"CPUUtilization", "RequestCountPerTarget"})
    still = frozenset({"OpenStreams"})

    def __init__(self, curve: Curve, service: Service) -> None:
        self._service = service
        self._arrivals = Arrivals(curve)
        self._patience_s = routes.load().idle_s
        self._line: deque[list[int]] = deque()
        self._cpu: dict[int, float] = {}
        self._each: list[float] = []
        self._credit = 0.0
        self.came = self.waiting = self.held = self.gone = self.refused = 0
        self.waits: Waits = []

    def step(self, second: int, fleet: Fleet) -> None:
        self.refused, self.waits = 0, []
        routed = fleet.routed(second)
        serving = [task for task in routed if task.stage is Stage.serving]
        came = sum(count for count, _ in self._arrivals.at(second))
        self.came += came
        # A task that has stopped to listen answers nothing until the balancer has noticed.
        lost = came * (len(routed) - len(serving)) // len(routed) if routed else came
        self.refused += lost
        self.gone += lost
        if came > lost:
            self._line.append([second, came - lost])
            self.waiting += came - lost
        self._each = [came / len(routed)] if routed else []
        self._serve(second, serving)
        self._give_up(second)
        self._end(second, fleet)

    def samples(self, second: int) -> Mapping[str, Sequence[float]]:
        # What an app writes that these requests do not move, is written all the same.
        return {
            "CPUUtilization": [100 * share for share in self._cpu.values()],
            "RequestCountPerTarget": self._each,
            "OpenStreams": [0.0 for number in self._cpu if (second + 7 * number) % STREAMS_S == 0],
        }

    def most(self) -> float:
        return 100 * max(self._cpu.values(), default=0.0)

    def average(self) -> float:
        return 100 * sum(self._cpu.values()) / len(self._cpu) if self._cpu else 0.0

    def left_waiting(self, second: int) -> int:
        return second - self._line[0][0] if self._line else 0

    def _serve(self, second: int, serving: Sequence[Task]) -> None:
        room = len(serving) * self._service.vcpu / capacity.REQUEST_S.value
        room = min(room, capacity.DATABASE_VCPU / capacity.DATABASE_REQUEST_S.value)
        self._credit = min(self._credit, 1.0) + room
        served = 0
        while self._line and served < int(self._credit):
            came, count = self._line[0]
            taken = min(count, int(self._credit) - served)
            served += taken
            self.waits.append((second - came + 1, taken))
            if taken == count:
                self._line.popleft()
            else:
                self._line[0][1] -= taken
        self._credit -= served
        self.waiting -= served
        self.gone += served
        used = served * capacity.REQUEST_S.value / len(serving) if serving else 0.0
        self._cpu = {task.number: min(1.0, used / self._service.vcpu) for task in serving}

    def _give_up(self, second: int) -> None:
        while self._line and second - self._line[0][0] >= self._patience_s:
            _, count = self._line.popleft()
            self.waiting -= count
            self.gone += count
            self.refused += count

    def _end(self, second: int, fleet: Fleet) -> None:
        """What was under way ends within its second; then the task is gone."""
        for task in fleet.in_stage(Stage.draining):
            if second > task.term_at:
                fleet.done(task, second)

"""Runs of reporting: exports that wait in one queue of all tasks."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from apps.reporting.settings import ReportingSettings
from infra.plan.scale import capacity
from infra.plan.scale.arrivals import Arrivals
from infra.plan.scale.curves import Curve
from infra.plan.scale.load import Waits
from infra.plan.scale.model import Service
from infra.plan.scale.tasks import Fleet, Stage, Task
from shared.telemetry import emf

TOLD_S: Final = emf.METRICS["WaitingRuns"].every_s
# A worker asks the database, whatever the balancer thinks of its task, until SIGTERM.
WORKING: Final = (Stage.running, Stage.serving, Stage.leaving)


class _Run:
    """One run: when it was asked for, and the CPU seconds that it still needs."""

    __slots__ = ("asked", "needs")

    def __init__(self, asked: int, needs: float) -> None:
        self.asked, self.needs = asked, needs


class Runs:
    """Runs: so many at once a task, sharing its CPU; the others wait in line.

    A run whose task is stopped goes back to the head of the line, and begins anew.
    """

    what = "runs"
    tells = frozenset({"WaitingRuns", "CPUUtilization", "RequestCountPerTarget"})
    # Nobody has a file streamed meanwhile.
    still = frozenset({"RunningExports"})

    def __init__(self, curve: Curve, service: Service) -> None:
        self._service = service
        self._arrivals = Arrivals(curve)
        default = ReportingSettings.model_fields["runs"].default
        self._slots = int(service.settings.get("FORTRESS_RUNS", default))
        self._needs = curve.rows_each * capacity.EXPORT_ROW_S.value
        self._line: deque[_Run] = deque()
        self._running: dict[int, list[_Run]] = {}
        self._each: list[float] = []
        self._cpu: dict[int, float] = {}
        self.came = self.waiting = self.held = self.gone = self.refused = 0
        self.waits: Waits = []

    def step(self, second: int, fleet: Fleet) -> None:
        self.waits = []
        for task in fleet.in_stage(Stage.draining):
            fleet.done(task, second)
        up = fleet.in_stage(*WORKING)
        self._return({task.number for task in up})
        came = sum(count for count, _ in self._arrivals.at(second))
        self._line.extend(_Run(second, self._needs) for _ in range(came))
        self.came += came
        routed = len(fleet.routed(second))
        self._each = [came / routed] if routed else []
        for task in up:
            self._running.setdefault(task.number, [])
        self._start(list(self._running.values()))
        for task in up:
            self._work(task, second)
        self.waiting = len(self._line)
        self.held = sum(map(len, self._running.values()))

    def samples(self, second: int) -> Mapping[str, Sequence[float]]:
        telling = [number for number in self._running if (second + 7 * number) % TOLD_S == 0]
        return {
            # Each says how many wait in all.
            "WaitingRuns": [float(len(self._line)) for _ in telling],
            "RunningExports": [0.0 for _ in telling],
            "CPUUtilization": [100 * share for share in self._cpu.values()],
            "RequestCountPerTarget": self._each,
        }

    def most(self) -> float:
        return max(map(len, self._running.values()), default=0)

    def average(self) -> float:
        return self.held / len(self._running) if self._running else 0.0

    def left_waiting(self, second: int) -> int:
        begun = [run.asked for running in self._running.values() for run in running]
        asked = [self._line[0].asked] if self._line else []
        return max((second - at for at in begun + asked), default=0)

    def _return(self, up: set[int]) -> None:
        for number in [n for n in self._running if n not in up]:
            for run in reversed(self._running.pop(number)):
                run.needs = self._needs
                self._line.appendleft(run)
            self._cpu.pop(number, None)

    def _start(self, tasks: Sequence[list[_Run]]) -> None:
        """Whoever is next goes to the task with the fewest."""
        while self._line and tasks:
            emptiest = min(tasks, key=len)
            if len(emptiest) >= self._slots:
                return
            emptiest.append(self._line.popleft())

    def _work(self, task: Task, second: int) -> None:
        running = self._running[task.number]
        left = self._service.vcpu
        # Those that need less than their part leave the rest to the others.
        for place, run in enumerate(sorted(running, key=lambda r: r.needs)):
            part = min(run.needs, left / (len(running) - place))
            run.needs -= part
            left -= part
        self._cpu[task.number] = 1 - left / self._service.vcpu
        ended = [run for run in running if run.needs <= 1e-9]
        self._running[task.number] = [run for run in running if run.needs > 1e-9]
        self.waits += [(second - run.asked + 1, 1) for run in ended]
        self.gone += len(ended)

"""Devices that connect, stay connected, and come back when they are turned away.

The client is the one of docs/protocol.md and the door the one of ingest: the same token bucket,
the same back-off. A connection stays on its task; nothing moves it when tasks are added.
"""

import math
import random
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Final

from apps.fleet.client import CONNECT_S, backoff
from apps.ingest.gate import Bucket
from apps.ingest.settings import IngestSettings
from infra.plan.scale import capacity
from infra.plan.scale.arrivals import Arrivals
from infra.plan.scale.curves import Curve
from infra.plan.scale.load import Waits
from infra.plan.scale.model import Service
from infra.plan.scale.tasks import Fleet, Stage, Task
from shared.telemetry import emf

# As apps/ingest/entrance.py and apps/ingest/server.py have them.
BUSY_MS: Final = 2_000
BYE_MS: Final = 2_000
BYE_SHARE: Final = 0.5
TELLS: Final = emf.METRICS["ActiveConnections"].every_s
NOWHERE: Final = -1


class _Settings:
    """What a task's environment sets, or the defaults of ingest."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.hello_rate = self._number("hello_rate")
        self.hello_burst = self._number("hello_burst")
        self.most_waiting = self._number("most_waiting")
        self.bye_rate = self._number("bye_rate")
        self.drain_s = self._number("drain_s")

    def _number(self, name: str) -> float:
        default = IngestSettings.model_fields[name].default
        return float(self._environment.get(f"FORTRESS_{name.upper()}", default))


class _Host:
    """One task of ingest: who is connected, and whose hello waits."""

    __slots__ = ("byes", "cpu", "credit", "door", "held", "task", "waiting")

    def __init__(self, task: Task, settings: _Settings) -> None:
        self.task = task
        self.door = Bucket(settings.hello_rate, settings.hello_burst)
        self.held: dict[int, None] = {}
        self.waiting: deque[tuple[int, int]] = deque()
        self.credit = 0.0
        self.cpu = 0.0
        self.byes = 0


class Devices:
    """The devices of a curve, against tasks of ingest."""

    what = "devices"
    tells = frozenset({"ActiveConnections", "CPUUtilization", "MemoryUtilization"})
    still: frozenset[str] = frozenset()

    def __init__(self, curve: Curve, service: Service, rng: random.Random) -> None:
        self._service, self._rng = service, rng
        self._settings = _Settings(service.settings)
        self._arrivals = Arrivals(curve)
        self._most = capacity.connections(service)
        self._message_rate = 1 / curve.message_s
        self._before = curve.connected
        self._hosts: dict[int, _Host] = {}
        self._due: dict[int, list[int]] = defaultdict(list)
        self._leave: dict[int, list[int]] = defaultdict(list)
        self._since: list[int] = []
        self._tries: list[int] = []
        self._where: list[int] = []
        self._hold: list[int | None] = []
        self._away: set[int] = set()
        self.came = self.waiting = self.held = self.gone = self.refused = 0
        self.waits: Waits = []

    def step(self, second: int, fleet: Fleet) -> None:
        self.refused, self.waits = 0, []
        self._meet(second, fleet)
        for count, hold_s in self._arrivals.at(second):
            for _ in range(count):
                self._due[second].append(self._new(second, hold_s))
        routed = fleet.routed(second)
        for device in self._due.pop(second, ()):
            if device not in self._away:
                self._try(device, second, routed)
        self._serve(second)
        for device in self._leave.pop(second, ()):
            self._go(device)

    def samples(self, second: int) -> Mapping[str, Sequence[float]]:
        told = [
            float(len(host.held))
            for host in self._hosts.values()
            if (second + 3 * host.task.number) % TELLS == 0
        ]
        return {
            "ActiveConnections": told,
            "CPUUtilization": [100 * host.cpu for host in self._hosts.values()],
            "MemoryUtilization": [
                100 * capacity.memory_share(self._service, len(host.held))
                for host in self._hosts.values()
            ],
        }

    def most(self) -> float:
        return max((len(host.held) for host in self._hosts.values()), default=0)

    def average(self) -> float:
        return self.held / len(self._hosts) if self._hosts else 0.0

    def left_waiting(self, second: int) -> int:
        waiting = (
            second - since
            for device, since in enumerate(self._since)
            if self._where[device] == NOWHERE and device not in self._away
        )
        return max(waiting, default=0)

    def _meet(self, second: int, fleet: Fleet) -> None:
        """Tasks that came, drain, or are gone."""
        up = fleet.in_stage(Stage.running, Stage.serving, Stage.leaving, Stage.draining)
        for task in up:
            if task.number not in self._hosts:
                self._hosts[task.number] = _Host(task, self._settings)
        if second == 0:
            self._settle(second)
        alive = {task.number for task in up}
        for number in [n for n in self._hosts if n not in alive]:
            self._lose(self._hosts.pop(number), second)
        for host in list(self._hosts.values()):
            if host.task.stage is Stage.draining:
                self._say_goodbye(host, second, fleet)

    def _settle(self, second: int) -> None:
        """Who was connected before the curve begins, evenly."""
        hosts = list(self._hosts.values())
        for number in range(self._before if hosts else 0):
            device = self._new(second, None)
            self._connect(device, hosts[number % len(hosts)], second)
        self.waits = []

    def _new(self, second: int, hold_s: int | None) -> int:
        device = len(self._since)
        self._since.append(second)
        self._tries.append(0)
        self._where.append(NOWHERE)
        self._hold.append(hold_s)
        self.came += 1
        self.waiting += 1
        return device

    def _try(self, device: int, second: int, routed: Sequence[Task]) -> None:
        host = self._hosts.get(self._rng.choice(routed).number) if routed else None
        if host is None or host.task.stage is not Stage.serving:
            self._again(device, second, backoff(self._tries[device], self._rng))
            return
        if len(host.held) + len(host.waiting) >= self._most:
            self._again(device, second, backoff(self._tries[device], self._rng))
            return
        busy_s = host.door.take(second)
        if busy_s or len(host.waiting) >= self._settings.most_waiting:
            retry_s = busy_s + (BUSY_MS + self._rng.randrange(BUSY_MS)) / 1_000
            self._again(device, second, retry_s * (1 + self._rng.random()))
            return
        host.waiting.append((device, second))

    def _again(self, device: int, second: int, wait_s: float) -> None:
        self.refused += 1
        self._come_back(device, second, wait_s)

    def _come_back(self, device: int, second: int, wait_s: float) -> None:
        self._tries[device] += 1
        self._due[second + max(1, math.ceil(wait_s))].append(device)

    def _serve(self, second: int) -> None:
        """Hellos as far as the CPU of each task, and that of the database, goes."""
        database = self._database_hellos()
        queued = sum(len(host.waiting) for host in self._hosts.values())
        share = min(1.0, database / queued) if queued else 1.0
        vcpu = self._service.vcpu
        for host in self._hosts.values():
            messages = len(host.held) * self._message_rate * capacity.MESSAGE_S.value
            if not host.waiting:
                host.cpu = min(1.0, messages / vcpu)
                continue
            free = max(0.0, vcpu - messages) / capacity.HELLO_S.value
            host.credit = min(host.credit, 1.0) + free
            count = min(len(host.waiting), int(host.credit), math.ceil(share * len(host.waiting)))
            host.credit -= count
            host.cpu = min(1.0, (messages + count * capacity.HELLO_S.value) / vcpu)
            for _ in range(count):
                device, _since = host.waiting.popleft()
                if device not in self._away:
                    self._connect(device, host, second)
            while host.waiting and second - host.waiting[0][1] >= CONNECT_S:
                device, _since = host.waiting.popleft()
                self._again(device, second, backoff(self._tries[device], self._rng))

    def _database_hellos(self) -> float:
        messages = self.held * self._message_rate * capacity.DATABASE_MESSAGE_S.value
        free = max(0.0, capacity.DATABASE_VCPU - messages)
        return free / capacity.DATABASE_HELLO_S.value

    def _connect(self, device: int, host: _Host, second: int) -> None:
        host.held[device] = None
        self._where[device] = host.task.number
        self._tries[device] = 0
        self.waits.append((second - self._since[device] + 1, 1))
        self.waiting -= 1
        self.held += 1
        hold_s, self._hold[device] = self._hold[device], None
        if hold_s is not None:
            self._leave[second + hold_s].append(device)

    def _disconnect(self, device: int, host: _Host, second: int) -> None:
        del host.held[device]
        self._where[device] = NOWHERE
        self._since[device] = second
        self.held -= 1
        self.waiting += 1

    def _go(self, device: int) -> None:
        """A device that is switched off, wherever it is."""
        host = self._hosts.get(self._where[device])
        self._away.add(device)
        if host is not None:
            del host.held[device]
            self.held -= 1
        else:
            self.waiting -= 1
        self.gone += 1

    def _say_goodbye(self, host: _Host, second: int, fleet: Fleet) -> None:
        if not host.byes:
            fast = len(host.held) / (self._settings.drain_s * BYE_SHARE)
            host.byes = math.ceil(max(self._settings.bye_rate, fast))
        while host.waiting:
            device, _since = host.waiting.popleft()
            self._come_back(device, second, self._bye_s())
        for device in list(host.held)[: host.byes]:
            self._disconnect(device, host, second)
            self._come_back(device, second, self._bye_s())
        if not host.held:
            fleet.done(host.task, second)

    def _bye_s(self) -> float:
        retry_s = (BYE_MS + self._rng.randrange(BYE_MS)) / 1_000
        return retry_s * (1 + self._rng.random())

    def _lose(self, host: _Host, second: int) -> None:
        """The task is gone, and what was connected has to find that out."""
        for device, _since in host.waiting:
            self._come_back(device, second, backoff(self._tries[device], self._rng))
        for device in list(host.held):
            self._disconnect(device, host, second)
            self._come_back(device, second, backoff(0, self._rng))

"""One simulated device: its clients, one for each boot, and what was acknowledged of each."""

import asyncio
import random
from dataclasses import dataclass, field

from apps.fleet.client import RefusedError
from apps.fleet.faulty import FaultyClient, RememberingOutbox
from apps.fleet.registry import Known
from apps.fleet.scenario import Fault, Life

HELD = 2_000
# Messages that a restarting device could not send any more.
LEFT_BEHIND = 3


@dataclass
class Boot:
    """A run of sequence numbers: message `first` + n has the number n + 1.

    `acked`: committed up to this number. `rejected`: number → code, as the server said.
    """

    boot: int
    first: int
    outbox: RememberingOutbox
    acked: int = 0
    rejected: dict[int, str] = field(default_factory=dict)


class SimulatedDevice:
    """Sends the messages of `life`, and suffers its faults, over connections to `address`."""

    def __init__(self, life: Life, known: Known, address: tuple[str, int]) -> None:
        self.life = life
        self.id = known.id
        self.sent = 0
        self.struck: dict[Fault, int] = {}
        self.boots: list[Boot] = []
        self._token = known.token
        self._address = address
        self._rng = random.Random(life.index)  # noqa: S311 - repeatable on purpose
        self._connects = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.client = self._restart()

    @property
    def connects(self) -> int:
        return self._connects + self.client.connects

    @property
    def acked(self) -> int:
        return sum(boot.acked for boot in self.boots)

    @property
    def waiting(self) -> int:
        """Messages that are not acknowledged yet."""
        return sum(len(boot.outbox) for boot in self.boots)

    @property
    def failed(self) -> Exception | None:
        """Why it gave up, if it did."""
        return self.client.failed if isinstance(self.client.failed, RefusedError) else None

    def advance(self, elapsed_ms: float) -> int:
        """Send what is due by now, and suffer what comes with it; returns how many messages."""
        before = self.sent
        life, count = self.life, self.life.scenario.count
        while self.sent < count and life.due_ms(self.sent) <= elapsed_ms:
            if len(self.client.outbox) >= HELD:
                break  # the server is slower than the plan; it is caught up later
            self._say()
            for fault in life.strikes.get(self.sent - 1, ()):
                self._suffer(fault)
        return self.sent - before

    def storm(self) -> None:
        """Lose the connection and come back at once."""
        self._note(Fault.storm, self.client.drop(hurry=True))

    async def drain(self) -> None:
        """Until everything is acknowledged, of earlier boots too, after the newest."""
        await asyncio.gather(*self._tasks)
        await self.client.drain()
        for boot in self.boots[:-1]:
            if len(boot.outbox):
                await self._retire()
                self.client = self._client(boot)
                self.client.start()
                await self.client.drain()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.close()

    def _say(self) -> None:
        event, body = self.life.message(self.sent)
        t = self.life.t(self.sent)
        if event:
            self.client.send_event(event, body, t=t)
        else:
            self.client.send_reading(body, t=t)
        self.sent += 1

    def _suffer(self, fault: Fault) -> None:
        if fault is Fault.reorder:
            self._reboot()
        elif fault is Fault.half_open:
            self._note(fault, self.client.vanish())
        elif fault is Fault.duplicates:
            self._note(fault, self.client.repeat())
        elif fault is Fault.garbage:
            self._note(fault, self.client.garble(self._rng))

    def _note(self, fault: Fault, happened: bool) -> None:
        self.struck[fault] = self.struck.get(fault, 0) + happened

    def _reboot(self) -> None:
        """Restart with messages left: they come later than newer ones, under the old boot."""
        old = self.client
        old.halt()
        left = min(LEFT_BEHIND, self.life.scenario.count - self.sent)
        for _ in range(left):
            self._say()
        self._connects += old.connects
        self._later(old)
        self.client = self._restart()
        self.client.start()
        self._note(Fault.reorder, left > 0)

    def _later(self, client: FaultyClient) -> None:
        task = asyncio.create_task(client.close())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _retire(self) -> None:
        self._connects += self.client.connects
        await self.client.close()

    def _restart(self) -> FaultyClient:
        number = self.life.boot(len(self.boots))
        self.boots.append(Boot(number, self.sent, RememberingOutbox(number, HELD + LEFT_BEHIND)))
        return self._client(self.boots[-1])

    def _client(self, boot: Boot) -> FaultyClient:
        def acked(upto: int) -> None:
            boot.acked = max(boot.acked, min(upto, boot.outbox.next_seq - 1))

        def rejected(seq: int, code: str, _detail: str) -> None:
            if seq:
                boot.rejected[seq] = code

        return FaultyClient(
            *self._address,
            self.life.uid,
            self._token,
            outbox=boot.outbox,
            on_ack=acked,
            on_reject=rejected,
            rng=self._rng,
            slow=self.life.slow,
        )

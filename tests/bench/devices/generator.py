"""The processes that the devices of the load live in, and what all of them together came to."""

import gc
import multiprocessing
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, zip_longest
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Self

from tests.bench.devices.messages import LoadError
from tests.bench.devices.talks import Talked, Talks

PROCESSES = 2
ANSWER_S = 300.0


@dataclass(frozen=True)
class Run:
    """What was said, and the CPU seconds that saying it took."""

    talked: Talked
    cpu_s: float

    @property
    def rate(self) -> float:
        """Messages acknowledged a second, from the first sent to the last acknowledged."""
        return self.talked.acked / (self.talked.ended - self.talked.began)


class Generator:
    """Devices that say `hellos` and then the messages of `block`, in `processes` processes."""

    def __init__(
        self, port: int, hellos: Sequence[bytes], block: bytes, *, processes: int = PROCESSES
    ) -> None:
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for part in parts(hellos, processes):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_live, args=(theirs, port, part, block), daemon=True, name="devices"
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close all connections at once and end the processes."""
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.send(None)
            pipe.close()
        for process in self._processes:
            process.join(10)
            if process.is_alive():
                process.kill()
                process.join()

    def greet(self, *, first: bool = False, answered: bool = True) -> list[float]:
        """See `Talks.greet`: the seconds that each device took."""
        found: list[array[float]] = self._all("greet", first=first, answered=answered)
        return list(chain.from_iterable(found))

    def closed(self, *, window: int, seconds: float, each: bool = False) -> Run:
        """See `Talks.closed`."""
        return self._run("closed", window=window, seconds=seconds, each=each)

    def timed(self, *, rate: float, seconds: float) -> Run:
        """See `Talks.timed`; `rate` is that of all processes together."""
        return self._run("timed", rate=rate / len(self._pipes), seconds=seconds)

    def pour(self, *, each: bool, messages: int) -> Run:
        """See `Talks.pour`."""
        return self._run("pour", each=each, messages=messages)

    def start_linger(self) -> None:
        """Begin to wait for being let go, see `Talks.linger`."""
        self._start("linger")

    def start_timed(self, *, rate: float, seconds: float) -> None:
        """Begin what `run` gives the outcome of. See `Talks.timed`."""
        self._start("timed", rate=rate / len(self._pipes), seconds=seconds)

    def start_flood(self, *, rate: float, seconds: float, window: int, after: float) -> None:
        """Begin what `run` gives the outcome of. See `Talks.flood`."""
        each = rate / len(self._pipes)
        self._start("flood", rate=each, seconds=seconds, window=window, after=after)

    def finished(self, seconds: float) -> bool:
        """Wait up to `seconds` for what was started; whether all of it has ended."""
        deadline = time.monotonic() + seconds
        open_pipes = set(self._pipes)
        while open_pipes and (left := deadline - time.monotonic()) > 0:
            open_pipes -= set(wait(list(open_pipes), left))
        return not open_pipes

    def run(self) -> Run:
        """The outcome of what was started."""
        answers = self._answers()
        return Run(merged([talked for talked, _ in answers]), sum(cpu for _, cpu in answers))

    def _run(self, method: str, **arguments: Any) -> Run:
        self._start(method, **arguments)
        return self.run()

    def _all(self, method: str, **arguments: Any) -> list[Any]:
        self._start(method, **arguments)
        return [found for found, _ in self._answers()]

    def _start(self, method: str, **arguments: Any) -> None:
        for pipe in self._pipes:
            pipe.send((method, arguments))

    def _answers(self) -> list[tuple[Any, float]]:
        answers = []
        for pipe in self._pipes:
            if not pipe.poll(ANSWER_S):
                raise LoadError("the load does not come to an end")
            answer = pipe.recv()
            if isinstance(answer, LoadError):
                raise answer
            answers.append(answer)
        return answers


def parts(hellos: Sequence[bytes], processes: int) -> list[Sequence[bytes]]:
    """The devices of each process, dealt out in turn."""
    return [hellos[at::processes] for at in range(min(processes, len(hellos)))]


def merged(talks: Sequence[Talked]) -> Talked:
    """What the devices of all processes said; `reached` is in the order of all devices."""
    dealt = zip_longest(*(talked.reached for talked in talks))
    return Talked(
        sent=sum(talked.sent for talked in talks),
        acked=sum(talked.acked for talked in talks),
        began=min(talked.began for talked in talks),
        ended=max(talked.ended for talked in talks),
        timed=array("d", chain.from_iterable(talked.timed for talked in talks)),
        reached=[one for turn in dealt for one in turn if one is not None],
    )


def _live(pipe: Connection, port: int, hellos: Sequence[bytes], block: bytes) -> None:
    """A process of devices: does what it is told until nobody tells it more."""
    talks = Talks(port, hellos, block)
    gc.disable()  # nothing here has cycles, and a pause would be taken for the service's
    try:
        while (told := pipe.recv()) is not None:
            method, arguments = told
            before = time.process_time()
            found = getattr(talks, method)(**arguments)
            pipe.send((found, time.process_time() - before))
    except LoadError as error:
        pipe.send(error)
    except (EOFError, OSError):
        pass
    finally:
        talks.leave()

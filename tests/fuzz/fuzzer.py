"""Changes inputs, keeps those that reach something new, and files those that break something."""

import hashlib
import random
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.fuzz.coverage import traced
from tests.fuzz.mutate import mutate
from tests.fuzz.oracle import HEAD, judge
from tests.fuzz.seeds import seeds

# Tracing costs several times what it watches, so only some are traced, and whatever was answered
# in a new way.
TRACED: Final = 0.2
SAY_S: Final = 30.0
# Of crashes with the same cause one is enough.
MOST_TRIES: Final = 2_000


@dataclass
class Fuzzed:
    """What a run came to. `crashes`: where each is filed, by its cause."""

    executions: int = 0
    seconds: float = 0.0
    corpus: int = 0
    reached: int = 0
    crashes: dict[str, Path] = field(default_factory=dict)

    def __str__(self) -> str:
        rate = self.executions / self.seconds if self.seconds else 0.0
        return (
            f"{self.executions:,} executions in {self.seconds:,.0f} s ({rate:,.0f}/s), corpus"
            f" {self.corpus:,} inputs reaching {self.reached:,} steps and answers,"
            f" {len(self.crashes)} crashes"
        )


class Fuzzer:
    """`folder` keeps the corpus and the crashes; those of earlier runs are tried first."""

    def __init__(self, folder: Path, *, rng: random.Random, say: Callable[[str], None]) -> None:
        self._corpus_folder = folder / "corpus"
        self._crash_folder = folder / "crashes"
        for made in (self._corpus_folder, self._crash_folder):
            made.mkdir(parents=True, exist_ok=True)
        self._rng = rng
        self._say = say
        self._corpus: list[bytes] = []
        self._reached: set[object] = set()
        self.fuzzed = Fuzzed()

    def run(self, seconds: float, *, least: int = 0) -> Fuzzed:
        """Replay what is filed, then change and try for so long, and at least so many inputs."""
        began = said = time.monotonic()
        for data in self._replayed():
            self._try(data, always=True)
        while (now := time.monotonic()) - began < seconds or self.fuzzed.executions < least:
            self._try(self._next())
            if now - said > SAY_S:
                said = now
                self._sum_up(now - began)
                self._say(str(self.fuzzed))
        self._sum_up(time.monotonic() - began)
        return self.fuzzed

    def _sum_up(self, seconds: float) -> None:
        self.fuzzed.seconds = seconds
        self.fuzzed.corpus = len(self._corpus)
        self.fuzzed.reached = len(self._reached)

    def _replayed(self) -> Iterator[bytes]:
        yield from seeds()
        for folder in (self._crash_folder, self._corpus_folder):
            for file in sorted(folder.iterdir()):
                if file.suffix != ".txt":
                    yield file.read_bytes()

    def _next(self) -> bytes:
        # The later an input was found, the more of what is near it has not been tried.
        at = int(len(self._corpus) * max(self._rng.random(), self._rng.random()))
        return mutate(self._corpus[at], self._rng, self._rng.choice(self._corpus))

    def _try(self, data: bytes, *, always: bool = False) -> None:
        self.fuzzed.executions += 1
        try:
            answers = judge(data)
            if not always and answers <= self._reached and self._rng.random() > TRACED:
                return
            _, steps = traced(lambda: judge(data))
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            self._crashed(data, error)
            return
        new = (steps | answers) - self._reached
        if new or not self._corpus:
            self._reached |= new
            self._keep(data, file=not always)

    def _keep(self, data: bytes, *, file: bool) -> None:
        self._corpus.append(data)
        if file:
            (self._corpus_folder / _name(data)).write_bytes(data)

    def _crashed(self, data: bytes, error: Exception) -> None:
        cause = _cause(error)
        if cause in self.fuzzed.crashes:
            return
        small = smaller(data, cause, self._rng)
        file = self._crash_folder / _name(small)
        file.write_bytes(small)
        told = "".join(traceback.format_exception(error))
        file.with_suffix(".txt").write_text(f"{small!r}\n\n{told}", "utf-8", "backslashreplace")
        self.fuzzed.crashes[cause] = file
        self._say(f"CRASH {cause}: {file}")


def smaller(data: bytes, cause: str, rng: random.Random) -> bytes:
    """An input that fails for the same cause, with what it does not need left out."""
    size = len(data) // 2
    tries = 0
    while size and tries < MOST_TRIES:
        before = len(data)
        for at in range(before, HEAD - 1, -size):
            tries += 1
            less = data[:at] + data[at + size :]
            if less != data and fails(less) == cause:
                data = less
        if len(data) == before:
            size //= 2
    # Reads as they come, if the cuts do not matter.
    whole = data[:1] + bytes((rng.randrange(256), 1)) + data[HEAD:]
    return whole if fails(whole) == cause else data


def fails(data: bytes) -> str | None:
    """The cause for which an input fails, none if it does not."""
    try:
        judge(data)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return _cause(error)
    return None


def _cause(error: Exception) -> str:
    """The same for inputs that fail in the same way: where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-2:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(last))
    return f"{type(error).__name__} at {places}"


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]

"""Everything of ingest: how fast, how late, how large, how it bears too much, and beside what.

Devices live in processes of their own, ingest and MariaDB in theirs, on one machine. Devices have
tokens and a profile that declares what they send; the bus is a Valkey server, where someone
watches the organisation.
"""

import resource
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Final

from tests.bench.parts import cpu, latency, node, overload, storm, throughput, trackers
from tests.bench.parts.rig import Options, Rig
from tests.bench.results import RUNS, Figure, joined, keep
from tests.bench.usage import Others

PARTS: Final[Mapping[str, Callable[[Rig], list[Figure]]]] = {
    "throughput": throughput.plain,
    "packets": throughput.packets,
    "trackers": trackers.trackers,
    "node": node.node,
    "latency": latency.latency,
    "storm": storm.storm,
    "cpu": cpu.cpu,
    "overload": overload.overload,
}
# Beyond this, what others do on the machine shows in the figures.
MUCH_CORES: Final = 0.1
DEFAULT: Final = Options(runs=RUNS, seconds=2.5, overload_s=60, bus="valkey")


def run(parts: Sequence[str] = tuple(PARTS), options: Options = DEFAULT) -> None:
    """Measure `parts` and print."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures: list[Figure] = []
    taken: dict[str, float] = {}
    with ExitStack() as stack:
        rig = Rig(options, stack)
        for part in PARTS:
            if part in parts:
                others = Others()
                figures += PARTS[part](rig)
                taken[part] = round(others.cores(), 2)
    if figures:
        keep("ingest", joined(figures), asdict(options) | {"cores_of_others": taken})
        _warn(taken)


def _warn(taken: Mapping[str, float]) -> None:
    """Say so where the machine was not ours alone."""
    much = [f"{cores:g} ({part})" for part, cores in taken.items() if cores > MUCH_CORES]
    if much:
        print(f"Other processes kept cores busy meanwhile: {', '.join(much)}.")  # noqa: T201 - a command

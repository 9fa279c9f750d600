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

from tests.bench.parts import cpu, latency, node, overload, storm, throughput
from tests.bench.parts.rig import Options, Rig
from tests.bench.results import RUNS, Figure, joined, keep

PARTS: Final[Mapping[str, Callable[[Rig], list[Figure]]]] = {
    "throughput": throughput.plain,
    "packets": throughput.packets,
    "node": node.node,
    "latency": latency.latency,
    "storm": storm.storm,
    "cpu": cpu.cpu,
    "overload": overload.overload,
}
DEFAULT: Final = Options(runs=RUNS, seconds=2.5, overload_s=60, bus="valkey")


def run(parts: Sequence[str] = tuple(PARTS), options: Options = DEFAULT) -> None:
    """Measure `parts` and print."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures: list[Figure] = []
    with ExitStack() as stack:
        rig = Rig(options, stack)
        for part in PARTS:
            if part in parts:
                figures += PARTS[part](rig)
    if figures:
        keep("ingest", joined(figures), asdict(options))

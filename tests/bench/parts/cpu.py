"""The CPU that a message takes, and what part of ingest takes it."""

import json
import os
import signal
import tempfile
from pathlib import Path

from tests.bench import sampled
from tests.bench.attribution import PARTS, Frame, shares
from tests.bench.parts.rig import Rig
from tests.bench.parts.throughput import MAIN
from tests.bench.results import Figure
from tests.bench.usage import cpu_s
from tests.support.ingest_process import IngestProcess

WORDS = {
    "receive": "receive (sockets both ways, the event loop, queueing)",
    "decode": "decode (lines and values; a profile's decoder validates as it decodes)",
    "validate": "validate (what that decoder does not take)",
    "build": "build (rows, state, statements)",
    "wait": "wait (talking to the database)",
    "ack": "ack (answers but for their sockets)",
    "tell": "tell (live frames)",
    "other": "other",
}


def cpu(rig: Rig) -> list[Figure]:
    """µs a message: of ingest and its parts, of the database, of the devices."""
    what = f"CPU a message, {MAIN.name}"
    whole = Figure(f"{what}: ingest", "µs")
    each = {part: Figure(f"of it {WORDS[part]}", "µs") for part in PARTS}
    database = Figure(f"{what}: MariaDB", "µs")
    devices = Figure(f"{what}: the devices", "µs")
    for number in range(rig.options.runs):
        ingest_us, database_us, devices_us, found = _measure(rig)
        whole.runs.append(ingest_us)
        database.runs += database_us
        devices.runs.append(devices_us)
        for part, share in found.items():
            each[part].runs.append(share * ingest_us)
        rig.say(f"CPU, run {number + 1}: ingest {ingest_us:.1f} µs a message")
    figures = [whole, *each.values(), database, devices]
    return [figure for figure in figures if figure.runs]


def _measure(rig: Rig) -> tuple[float, list[float], float, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        os.environ[sampled.SAMPLES] = str(path)
        with rig.ingest(module=sampled.__name__) as ingest:
            used = _run(rig, ingest)
            ingest.end(signal.SIGTERM)
        return *used, shares(_read(path))


def _run(rig: Rig, ingest: IngestProcess) -> tuple[float, list[float], float]:
    """Of the database there is nothing to see where it runs elsewhere."""
    pids = [ingest.pid, *([rig.database_pid] if rig.database_pid else [])]
    with rig.generator(ingest.port, rig.devices[: MAIN.devices]) as generator:
        generator.greet()
        rig.clear(ingest.pid)
        os.kill(ingest.pid, signal.SIGUSR1)
        before = [cpu_s(pid) for pid in pids]
        run = generator.closed(window=MAIN.window, seconds=rig.options.seconds)
        after = [cpu_s(pid) for pid in pids]
    each = 1e6 / run.talked.acked
    ours, *theirs = (each * (end - start) for start, end in zip(before, after, strict=True))
    return ours, theirs, run.cpu_s * each


def _read(path: Path) -> list[tuple[list[Frame], int]]:
    return [
        ([(file, function) for file, function in stack], count)
        for stack, count in json.loads(path.read_text())
    ]

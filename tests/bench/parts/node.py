"""The comparison: the same messages to a server written by hand in Node.js.

It acknowledges nothing, so its rate is the rows in the table by the time that the last is there.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.bench.devices.messages import FIRST, LoadError
from tests.bench.parts.rig import Bearer, Rig
from tests.bench.parts.throughput import MAIN, PACKETS, Case, send
from tests.bench.results import Figure
from tests.support import servers

SOURCE = servers.ROOT / "tests" / "bench" / "node_server"
PLACE = servers.ROOT / "var" / "bench" / "node_server"
FILES = ("package.json", "package-lock.json", "server.js")
TABLE = "node_reading"
CASES = [MAIN, PACKETS[0]]
LOOK_S = 0.01
# Beyond this the server is taken to be stuck.
END_S = 120.0


class NoNodeError(Exception):
    """Node.js or its packages are not here; says why."""


def node(rig: Rig) -> list[Figure]:
    """Ours and theirs in turn, with the same devices and messages."""
    try:
        server = _install()
    except NoNodeError as error:
        rig.say(f"no comparison with Node.js: {error}")
        return []
    figures = []
    for case in CASES:
        packets = ", one message a packet" if case.each else ""
        what = f"{case.devices} connections{packets}"
        theirs = Figure(f"Node.js by hand, {what}", "rows/s")
        ours = Figure(f"not behind Node.js: {what}", "times", reach=1)
        for number in range(rig.options.runs):
            own, rate = _ours(rig, case)
            theirs.own.append(own)
            theirs.runs.append(_theirs(rig, server, case, own))
            ours.runs.append(rate / theirs.runs[-1])
            rig.say(f"{theirs.name}, run {number + 1}: {theirs.runs[-1]:,.0f}, ours {rate:,.0f}")
        figures += [theirs, ours]
    return figures


def _ours(rig: Rig, case: Case) -> tuple[float, float]:
    """The database's own rate, and ours."""
    with rig.ingest() as ingest:
        rig.clear(ingest.pid)
        return rig.own_rate(), send(rig, ingest, case).rate


def _theirs(rig: Rig, server: Path, case: Case, own: float) -> float:
    rig.query(f"DROP TABLE IF EXISTS {TABLE}")
    rig.query(f"CREATE TABLE {TABLE} LIKE reading")
    rig.clear()
    each = round(own * rig.options.seconds / case.devices)
    # It signs nobody in: a device says what number it has.
    devices = [Bearer(one.id, str(one.id), "") for one in rig.devices[: case.devices]]
    with (
        _serving(rig, server) as port,
        rig.generator(port, devices) as generator,
    ):
        generator.greet(answered=False)
        run = generator.pour(each=case.each, messages=each)
        _wait_for_last(rig, devices, each)
        seconds = time.monotonic() - run.talked.began
    stored = rig.query(f"SELECT COUNT(*) FROM {TABLE}")[0][0]
    if stored != each * case.devices:
        raise LoadError(f"Node.js stored {stored:,} of {each * case.devices:,} messages")
    return each * case.devices / seconds


def _wait_for_last(rig: Rig, devices: Sequence[Bearer], each: int) -> None:
    """Wait until the last message of every device is in the table."""
    numbers = ",".join(str(device.id) for device in devices)
    last = FIRST + each - 1
    # By the primary key, which begins with device and time.
    statement = (
        f"SELECT COUNT(*) FROM {TABLE} WHERE device_id IN ({numbers})"
        f" AND ts = {rig.block_began + each - 1} AND seq = {last}"
    )
    deadline = time.monotonic() + END_S
    while rig.query(statement)[0][0] < len(devices):
        if time.monotonic() > deadline:
            raise LoadError(f"Node.js has not stored everything after {END_S:g} s")
        time.sleep(LOOK_S)


def _install() -> Path:
    """The server with its packages, by npm's lock file; below var, not among the sources."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NoNodeError("node and npm are not installed")
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(SOURCE / name, PLACE / name)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=PLACE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoNodeError(f"npm ci failed: {done.stdout.strip().splitlines()[-1:]}")
    return PLACE / "server.js"


@contextmanager
def _serving(rig: Rig, server: Path) -> Iterator[int]:
    url = make_url(rig.url).set(drivername="mysql").render_as_string(hide_password=False)
    port = servers.free_port()
    command = ["node", str(server), str(port), url, TABLE]
    log = PLACE / "log"
    with servers.process(command, log):
        servers.wait_until(lambda: servers.answers(port), f"Node.js (its log: {log})")
        yield port

"""Messages committed and acknowledged a second, each beside the database's own rate."""

from dataclasses import dataclass

from tests.bench.devices.generator import Run
from tests.bench.devices.messages import LoadError
from tests.bench.parts.rig import Rig
from tests.bench.results import Figure
from tests.support.ingest_process import IngestProcess

OWN = "MariaDB alone, one connection, INSERT of 2,000 rows"


@dataclass(frozen=True)
class Case:
    """`each`: one message a packet."""

    devices: int
    window: int
    each: bool = False
    reach: float | None = None

    @property
    def name(self) -> str:
        packets = ", one message a packet" if self.each else ""
        return f"{self.devices:,} connections, window {self.window}{packets}"

    def figure(self) -> Figure:
        return Figure(self.name, "messages/s", reach=self.reach)


MAIN = Case(200, 64, reach=120_000)
PLAIN = [
    Case(20, 1),
    Case(20, 8),
    Case(20, 64),
    Case(200, 1),
    Case(200, 8),
    MAIN,
    Case(1_000, 1),
    Case(1_000, 8),
    Case(1_000, 64),
    Case(5_000, 1, reach=25_000),
    Case(5_000, 8),
    Case(5_000, 64),
]
PACKETS = [
    Case(200, 64, each=True),
    Case(1_000, 64, each=True, reach=60_000),
]


def send(rig: Rig, ingest: IngestProcess, case: Case) -> Run:
    """Send for the time asked for, and see that what was acknowledged is stored."""
    rig.clear(ingest.pid)
    with rig.generator(ingest.port, rig.devices[: case.devices]) as generator:
        generator.greet()
        run = generator.closed(window=case.window, seconds=rig.options.seconds, each=case.each)
    stored = rig.count()
    if stored != run.talked.acked:
        raise LoadError(f"{run.talked.acked:,} messages are acknowledged and {stored:,} stored")
    return run


def plain(rig: Rig) -> list[Figure]:
    """As many messages a write as the window has room for."""
    figures = _measure(rig, PLAIN)
    main = next(figure for figure in figures if figure.name == MAIN.name)
    share = Figure(f"{MAIN.name}, of MariaDB's own rate", "share", reach=0.6)
    share.runs = [rate / own for rate, own in zip(main.runs, main.own, strict=True)]
    return [*figures, share]


def packets(rig: Rig) -> list[Figure]:
    """One message a packet, as from devices that send when they have measured."""
    return _measure(rig, PACKETS)


def _measure(rig: Rig, cases: list[Case]) -> list[Figure]:
    own = Figure(OWN, "rows/s")
    figures = [case.figure() for case in cases]
    with rig.ingest() as ingest:
        for number in range(rig.options.runs):
            for case, figure in zip(cases, figures, strict=True):
                rig.clear(ingest.pid)
                own.runs.append(rig.own_rate())
                figure.own.append(own.runs[-1])
                run = send(rig, ingest, case)
                figure.runs.append(run.rate)
                used = run.cpu_s / run.talked.acked * 1e6
                rig.say(
                    f"{case.name}, run {number + 1}: {run.rate:,.0f} messages/s beside"
                    f" {own.runs[-1]:,.0f} rows/s; the devices took {used:.1f} µs a message"
                )
    return [own, *figures]

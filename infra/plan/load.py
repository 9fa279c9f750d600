"""The load that a bill is reckoned for, and what follows from it in a month."""

from decimal import Decimal, InvalidOperation

import msgspec

from infra.plan.money import Range, between, exactly
from shared.errors import Invalid

HOURS = 730  # a month, as AWS reckons it
SECONDS = HOURS * 3600
MILLION = Decimal(1_000_000)
GB = Decimal(1_000_000_000)


class Peak(msgspec.Struct, frozen=True):
    """Tasks of `app` beyond its minimum, for some hours a month."""

    app: str
    tasks: int
    hours: Decimal


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What devices and people do. Rates are averages of the whole month."""

    name: str
    devices: int
    interval_s: int
    message_bytes: int = 80
    tls_percent: int = 0
    reconnects_a_day: int = 1
    readers: int = 50
    reading_hours: int = 176
    pages_an_hour: int = 60
    api_a_second: int = 2
    reports: int = 2_000
    report_mb: int = 5
    retention_days: int = 30
    peaks: tuple[Peak, ...] = ()

    def __post_init__(self) -> None:
        for name in ("devices", "interval_s", "message_bytes", "retention_days"):
            if getattr(self, name) < 1:
                raise Invalid(f"{name} is {getattr(self, name)}: at least 1 is needed")
        for name in LEAST_NOTHING:
            if getattr(self, name) < 0:
                raise Invalid(f"{name} is {getattr(self, name)}: at least 0 is needed")
        if self.tls_percent > 100:
            raise Invalid(f"tls_percent is {self.tls_percent}: at most 100 is possible")

    @property
    def messages(self) -> Decimal:
        """Readings a month; a message is one reading of one device, with all its metrics."""
        return Decimal(self.devices) * SECONDS / self.interval_s

    @property
    def messages_a_second(self) -> Decimal:
        return Decimal(self.devices) / self.interval_s

    @property
    def pages(self) -> Decimal:
        """Pages and their parts that people load in a month."""
        return Decimal(self.readers) * self.reading_hours * self.pages_an_hour

    @property
    def api(self) -> Decimal:
        """Requests of machines in a month."""
        return Decimal(self.api_a_second) * SECONDS

    @property
    def requests(self) -> Decimal:
        return self.pages + self.api

    @property
    def streams_gb(self) -> Range:
        """Live frames to open dashboards: 1, 2 or 5 kB a second each."""
        seconds = Decimal(self.readers) * self.reading_hours * 3600
        return exactly(seconds / GB) * between(1_000, 2_000, 5_000)

    @property
    def answers_gb(self) -> Range:
        """Pages of 30 kB, answers to machines of 4 kB, as a middle; half and twice that."""
        middle = (self.pages * 30_000 + self.api * 4_000) / GB
        return exactly(middle) * between("0.5", 1, 2)

    @property
    def reports_gb(self) -> Decimal:
        return Decimal(self.reports) * self.report_mb / 1000

    @property
    def static_gb(self) -> Decimal:
        """Scripts and styles, 1 MB for each reader and day, whatever the browser kept."""
        return Decimal(self.readers) * 22 / 1000

    @property
    def acknowledgements_gb(self) -> Range:
        """To devices: one packet a message with its headers; fewer where lines come together."""
        return exactly(self.messages / GB) * between(40, 80, 120)

    @property
    def balanced_gb(self) -> Range:
        """Through the network balancer both ways, headers and acknowledgements of TCP included."""
        return exactly(self.messages / GB) * between(
            self.message_bytes + 100, self.message_bytes + 200, self.message_bytes + 280
        )

    @property
    def commits(self) -> Range:
        """Transactions of ingest. A lone reading never waits, so at a low rate most come alone.

        Beyond 400 a second they gather by themselves, as a commit takes some milliseconds.
        """
        alone = min(self.messages_a_second, Decimal(400)) * SECONDS
        return exactly(alone) * between("0.3", "0.7", 1)

    @property
    def stored_gb(self) -> Range:
        """Readings that are kept, with indexes, states and half-full pages: 150 to 350 bytes."""
        rows = self.messages * self.retention_days * 24 / HOURS
        return exactly(rows / GB) * between(150, 200, 350)


LEAST_NOTHING = (
    "tls_percent",
    "reconnects_a_day",
    "readers",
    "reading_hours",
    "pages_an_hour",
    "api_a_second",
    "reports",
    "report_mb",
)

PEAKS = (
    Peak("ingest", 2, Decimal(10)),  # beside what is scheduled at 3 in the morning
    Peak("reporting", 19, Decimal(8)),  # the end of the month: 20 in all, as if none were scheduled
    Peak("api", 1, Decimal(60)),
    Peak("dashboarding", 1, Decimal(60)),
)

PRESETS: dict[str, Load] = {
    load.name: load
    for load in (
        # 5,000 devices of the first article at the interval that the second one names.
        Load(name="articles", devices=5_000, interval_s=30, peaks=PEAKS),
        # The second article's fleet.
        Load(name="pilot", devices=500, interval_s=30, readers=10, reports=200, peaks=PEAKS[:1]),
        Load(
            name="national",
            devices=50_000,
            interval_s=60,
            readers=400,
            api_a_second=20,
            reports=20_000,
            peaks=PEAKS,
        ),
    )
}


def peak(text: str) -> Peak:
    """`reporting:16:8`. Raises `ValueError` for text that is none."""
    app, tasks, hours = text.split(":")
    try:
        made = Peak(app, int(tasks), Decimal(hours))
    except InvalidOperation:
        raise ValueError(text) from None
    if not app or made.tasks < 0 or not 0 <= made.hours <= HOURS:
        raise ValueError(text)
    return made


def preset(name: str) -> Load:
    """Raises `Invalid` for a name that is none."""
    try:
        return PRESETS[name]
    except KeyError:
        raise Invalid(f"there is no load {name}: choose one of {', '.join(PRESETS)}") from None


def described(load: Load) -> dict[str, str]:
    """What the load says, in words, for the foot of every bill."""
    peaks = "; ".join(f"{p.app} +{p.tasks} tasks for {p.hours} h" for p in load.peaks)
    rate = load.messages_a_second.quantize(Decimal("0.1"))
    return {
        "devices": f"{load.devices:,}, a message of {load.message_bytes} bytes every "
        f"{load.interval_s} s: {rate} a second, {int(load.messages):,} a month",
        "TLS": f"{load.tls_percent}% of devices, ended at the network balancer",
        "connections": f"each device makes {load.reconnects_a_day} a day and holds it",
        "readers": f"{load.readers:,} people with a dashboard open {load.reading_hours} h a month, "
        f"{load.pages_an_hour} pages or parts an hour each; machines ask {load.api_a_second} "
        "times a second",
        "reports": f"{load.reports:,} a month of {load.report_mb} MB",
        "kept": f"readings of {load.retention_days} days; nothing deletes older ones by itself yet",
        "peaks": peaks or "none",
    }

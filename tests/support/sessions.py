"""The real charging sessions, and the events that their stations send."""

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from shared.clock import to_ms
from tests.support.builders import MadeDevice
from tests.support.events import Sent

EASTERN = ZoneInfo("America/New_York")

Row = dict[str, str]


def read(folder: Path) -> list[Row]:
    """Every session: kwhTotal, dollars, userId, stationId, and when it began."""
    with (folder / "ev_charging_sessions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def begin(row: Row) -> datetime:
    """When a session began; the file's times are US Eastern."""
    moment = datetime.strptime(f"{row['Date']} {row['Time']}", "%d-%m-%Y %H:%M:%S")  # noqa: DTZ007 - local time of the file
    return moment.replace(tzinfo=EASTERN)


def sent(seq: int, row: Row, station: MadeDevice) -> Sent:
    """The event of a session: every second one has its numbers as decimal text."""
    quote = '"' if seq % 2 else ""
    energy, money = f"{quote}{row['kwhTotal']}{quote}", f"{quote}{row['dollars']}{quote}"
    data = f'{{"member": "{row["userId"]}", "kwh": {energy}, "usd": {money}}}'
    return Sent(station, to_ms(begin(row)), data, seq=seq)

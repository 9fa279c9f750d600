"""Load curves: what comes, and when.

A CSV file has the columns `time,arrivals` and, where wanted, `over_s` and `hold_s`; a JSON file
`{"app": …, "title": …, "rows": [{"time": …, "arrivals": …}]}` with the same names. Rows are equally
far apart. What a row counts comes evenly from its time on: over `over_s` seconds, by default
until the next row.
"""

import csv
import io
import json
import math
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from infra import routes
from infra.plan.scale.clock import at_second, spoken
from shared.errors import Invalid
from shared.telemetry.clean import clean

FOLDER: Final = Path(__file__).with_name("curves")
# A file that is larger is not a load curve.
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_SECONDS: Final = 2 * 86_400
MOST_ARRIVALS: Final = 200_000
COLUMNS: Final = ("time", "arrivals", "over_s", "hold_s")


class Kind(StrEnum):
    """What the arrivals of a curve are."""

    devices = "devices"
    requests = "requests"
    runs = "runs"


class Row(msgspec.Struct, frozen=True):
    """`arrivals` devices, requests a second, or runs, from `second` of the curve on.

    `hold_s`: how long such a device stays; none: for good.
    """

    second: int
    arrivals: float
    over_s: int
    hold_s: int | None


class Curve(msgspec.Struct, frozen=True):
    """A load on `app` from `begin` (UTC) on, with a row each `step_s` seconds.

    `connected`: devices that are there before; `message_s`: how often each device sends;
    `rows_each`: rows that a run has.
    """

    name: str
    title: str
    app: str
    begin: datetime
    step_s: int
    rows: tuple[Row, ...]
    connected: int = 0
    message_s: float = 60.0
    rows_each: int = 500_000

    @property
    def seconds(self) -> int:
        return len(self.rows) * self.step_s

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds)

    @property
    def kind(self) -> Kind:
        return {"ingest": Kind.devices, "reporting": Kind.runs}.get(self.app, Kind.requests)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[dict[str, Any]]
    app: str = ""
    title: str = ""
    connected: int = 0
    message_s: float = 60.0
    rows_each: int = 500_000


def names() -> list[str]:
    """The curves that come with the project."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def load(which: str, app: str = "") -> Curve:
    """The curve of that name, or in that file. Raises `Invalid` that says what is wrong with it."""
    file = Path(which)
    if which in names():
        file = FOLDER / f"{which}.json"
    elif not file.is_file():
        raise Invalid(
            f"--arrivals: {clean(which)} is neither a file nor one of {', '.join(names())}"
        )
    if file.stat().st_size > MOST_BYTES:
        raise Invalid(f"{file}: a load curve has {MOST_BYTES:,} bytes at most")
    return parse(file.read_bytes(), name=file.stem, is_json=file.suffix == ".json", app=app)


def parse(data: bytes, *, name: str, is_json: bool, app: str = "") -> Curve:
    """A curve from its file's bytes. Raises `Invalid`."""
    try:
        found = _json(data) if is_json else _csv(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError) as error:
        raise Invalid(f"{name}: {clean(str(error))}") from None
    if not (app or found.app):
        raise Invalid(f"{name}: it does not say which app it is for: give --app")
    _check_app(name, app or found.app)
    try:
        return _curve(found, name, app or found.app)
    except ValueError as error:
        raise Invalid(f"{name}: {clean(str(error))}") from None


def _check_app(name: str, app: str) -> None:
    table = routes.load()
    known = [route.app for route in table.web] + [route.app for route in table.devices]
    if app not in known:
        raise Invalid(f"{name}: {clean(app)} is not one of {', '.join(dict.fromkeys(known))}")


def _json(data: bytes) -> _File:
    return msgspec.convert(json.loads(data, parse_constant=_no_number), _File)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _csv(text: str) -> _File:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    wanted = set(COLUMNS[:2])
    if not wanted <= set(reader.fieldnames or ()):
        raise ValueError(f"the first line names the columns: {','.join(COLUMNS)}")
    try:
        return _File(rows=[{k: v for k, v in row.items() if v != ""} for row in reader])
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None


def _curve(found: _File, name: str, app: str) -> Curve:
    if len(found.rows) < 2:
        raise ValueError("a load curve has two rows at least")
    if found.connected < 0 or found.message_s <= 0 or found.rows_each <= 0:
        raise ValueError("connected is not negative, message_s and rows_each are above 0")
    times = [_time(number, row) for number, row in enumerate(found.rows, 1)]
    step = _step(times)
    begin = times[0]
    rows = tuple(
        _row(number, row, round((at - begin).total_seconds()), step)
        for number, (row, at) in enumerate(zip(found.rows, times, strict=True), 1)
    )
    curve = Curve(
        name=name,
        title=found.title or name,
        app=app,
        begin=begin,
        step_s=step,
        rows=rows,
        connected=found.connected,
        message_s=found.message_s,
        rows_each=found.rows_each,
    )
    _bound(curve)
    return curve


def _bound(curve: Curve) -> None:
    if curve.seconds > MOST_SECONDS:
        raise ValueError(f"a load curve lasts {MOST_SECONDS // 86_400} days at most")
    if curve.kind is not Kind.devices and (curve.connected or any(r.hold_s for r in curve.rows)):
        raise ValueError(f"connected and hold_s are of devices, and {curve.app} has {curve.kind}")
    total = curve.connected + sum(row.arrivals for row in curve.rows)
    if curve.kind is not Kind.requests and total > MOST_ARRIVALS:
        raise ValueError(f"{total:,.0f} {curve.kind} are more than {MOST_ARRIVALS:,}")


def _time(number: int, row: dict[str, Any]) -> datetime:
    value = row.get("time")
    try:
        return at_second(value)
    except (ValueError, OverflowError):
        raise ValueError(
            f"row {number}: {value!r} is no time: seconds, 03:00, 03:00:00 or 2026-12-01T03:00:00Z"
        ) from None


def _step(times: list[datetime]) -> int:
    """Seconds between rows. Raises `ValueError` that names the times around a gap."""
    for before, after in pairwise(times):
        if after <= before:
            raise ValueError(
                f"{spoken(after)} comes after {spoken(before)}: the times of a curve rise"
            )
    step = min(b - a for a, b in pairwise(times))
    if step.microseconds:
        raise ValueError("times are whole seconds")
    for before, after in pairwise(times):
        if after - before != step:
            raise ValueError(
                f"there is a gap between {spoken(before)} and {spoken(after)}: elsewhere the rows"
                f" are {step.total_seconds():g} s apart. Write a row with 0 where nothing comes"
            )
    return int(step.total_seconds())


def _row(number: int, row: dict[str, Any], second: int, step: int) -> Row:
    arrivals = _number(number, row, "arrivals")
    if arrivals is None or arrivals < 0:
        said = "missing" if arrivals is None else f"{arrivals:g}"
        raise ValueError(f"row {number} ({row['time']}): arrivals are 0 or more, not {said}")
    over, hold = _number(number, row, "over_s"), _number(number, row, "hold_s")
    if over is not None and not 1 <= over <= step:
        raise ValueError(f"row {number} ({row['time']}): over_s is from 1 to {step}, not {over:g}")
    if hold is not None and hold < 1:
        raise ValueError(f"row {number} ({row['time']}): hold_s is 1 or more, not {hold:g}")
    return Row(second, arrivals, int(over or step), None if hold is None else int(hold))


def _number(number: int, row: dict[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    try:
        figure = float(value)
    except (TypeError, ValueError):
        figure = math.nan
    if isinstance(value, bool) or not math.isfinite(figure):
        raise ValueError(f"row {number} ({row['time']}): {key} is {value!r}, no number")
    return figure

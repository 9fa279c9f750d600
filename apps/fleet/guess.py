"""A mapping for a file that comes without one."""

import re
from datetime import datetime

from apps.fleet.csv_source import ROW, CsvSource
from apps.fleet.errors import MappingUnusable
from apps.fleet.mapping import ColumnMapping
from apps.fleet.values import boolean, number

TIMES = ("time", "timestamp", "t", "ts", "date", "datetime")
DEVICES = ("device", "device_id", "uid")
UID_BAD = re.compile(r"[^A-Za-z0-9._:-]+")


def guess(source: CsvSource, *, device: str = "", zone: str = "UTC") -> ColumnMapping:
    """Every column is a metric of its own name, but for the time and the device.

    The time is a column named time, timestamp, t, ts, date or datetime, in ISO 8601 or epoch
    milliseconds; the device one named device, device_id or uid, else `device`, else the file's
    name. Kinds are those of the first row. Raises `MappingUnusable`.
    """
    by_name = {name.lower(): name for name in source.header}
    first = dict(zip(source.header, source.first, strict=False))
    time = next((by_name[name] for name in TIMES if name in by_name), None)
    if time is None or time not in first:
        raise MappingUnusable(
            f"{source.path.name} has no column named {', '.join(TIMES)}; say --map and --time"
        )
    column = "" if device else next((by_name[name] for name in DEVICES if name in by_name), "")
    metrics = [name for name in source.header if name not in (time, column, ROW)]
    return ColumnMapping(
        fields={_metric(name): f"{name}:{_kind(first.get(name, ''))}" for name in metrics},
        time=(time,),
        format=_form(first[time]),
        zone=zone,
        device_column=column,
        device="" if column else device or UID_BAD.sub("-", source.path.stem),
    )


def _metric(column: str) -> str:
    name = re.sub(r"[^a-z0-9_.]+", "_", column.lower()).strip("_")[:64]
    return name if name[:1].isalpha() else f"m_{name}"[:64]


def _kind(text: str) -> str:
    for kind, convert in (("number", number), ("boolean", boolean)):
        try:
            convert(text.strip())
        except (ValueError, KeyError):
            continue
        return kind
    return "text"


def _form(text: str) -> str:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return "ms"
    return "iso"

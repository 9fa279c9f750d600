"""How the columns of a CSV file become readings or events of devices."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.fleet.errors import MappingUnusable
from apps.fleet.values import END, KINDS, MISSING, Value, convert, moment
from shared.clock import rfc3339
from shared.telemetry.clean import clean

READY = Path(__file__).parent / "mappings"
# The row's own time, as RFC 3339, in the place of a column.
TIME = "@time"
FORMS = ("iso", "ms", "s")


@dataclass(frozen=True)
class Message:
    """What one row says: a reading (`event` empty, `body` its values) or an event."""

    device: str
    t: int
    event: str
    body: dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """Which columns mean what.

    `fields`: name → `Column` or `Column:kind` with the kinds number (default), integer, boolean,
    text, decimal (text, exact), cents (an amount as integer hundredths), end (the row's time plus
    so many hours), or `@time`. `time`: the columns that make the time, joined by a space, read by
    `format` (strptime's, `iso`, `s`, `ms`) in `zone`. Devices: one `device`, or `device_column`,
    whose values get `device_prefix`. With `event` rows are events of that name, else readings.
    Raises `MappingUnusable` for what does not fit together.
    """

    fields: Mapping[str, str]
    time: tuple[str, ...]
    format: str = "iso"
    zone: str = "UTC"
    century: int = 2000
    device: str = ""
    device_column: str = ""
    device_prefix: str = ""
    event: str = ""
    constants: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.fields:
            raise MappingUnusable("the mapping names no fields; say name=Column")
        if not self.time:
            raise MappingUnusable("the mapping names no time column; say --time Column")
        if bool(self.device) == bool(self.device_column):
            raise MappingUnusable("say either one device or the column of device ids")
        if self.format not in FORMS and "%" not in self.format:
            raise MappingUnusable(f"{self.format} is no time format; use iso, s, ms or strptime's")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise MappingUnusable(f"there is no time zone {self.zone}") from None
        for name, (_, kind) in self._parsed.items():
            if kind != END and kind not in KINDS:
                raise MappingUnusable(f"{name}: {kind} is none of {', '.join(KINDS)}, {END}")

    @cached_property
    def _parsed(self) -> dict[str, tuple[str, str]]:
        return {name: _field(text) for name, text in self.fields.items()}

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def columns(self) -> list[str]:
        """Every column that the mapping needs, once."""
        named = [column for column, _ in self._parsed.values() if column != TIME]
        wanted = [*self.time, *named, self.device_column]
        return list(dict.fromkeys(column for column in wanted if column))

    @property
    def identity(self) -> str:
        """The same text for the same mapping."""
        return json.dumps(asdict(self), sort_keys=True)

    def message(self, row: Mapping[str, str]) -> Message:
        """What a row (column → cell) says. Raises `ValueError` that names the column."""
        at = self._time(row)
        device = self.device or self.device_prefix + row[self.device_column].strip()
        if not self.device and not row[self.device_column].strip():
            raise ValueError(f"{self.device_column} is empty")
        body: dict[str, Value] = {}
        for name, (column, kind) in self._parsed.items():
            if column == TIME:
                body[name] = rfc3339(at)
                continue
            text = row[column].strip()
            if text.lower() in MISSING:
                continue
            try:
                body[name] = convert(kind, text, at)
            except ValueError as error:
                raise ValueError(f"{column}: {clean(text, 40)} {error}") from None
        if not body:
            raise ValueError("every value is missing")
        return Message(device, at, self.event, {**body, **self.constants})

    def _time(self, row: Mapping[str, str]) -> int:
        text = " ".join(row[column].strip() for column in self.time)
        try:
            at = moment(text, self.format, self._zone, self.century)
        except (ValueError, InvalidOperation, OverflowError):
            raise ValueError(f"{clean(text, 40)} is not a time like {self.format}") from None
        if at < 0:
            raise ValueError(f"{clean(text, 40)} is before 1970")
        return at


def _field(text: str) -> tuple[str, str]:
    column, _, kind = text.rpartition(":") if ":" in text else (text, "", "number")
    return column, kind


def load_mapping(text: str, **given: Any) -> ColumnMapping:
    """The mapping that `text` names: a ready one (`office`, `charging`), a .toml or .json file,
    or `name=Column:kind,…` itself. What is `given` goes before it. Raises `MappingUnusable`.
    """
    known = {name: value for name, value in given.items() if value}
    if "=" in text:
        return _build({"fields": _inline(text), **known})
    path = READY / f"{text}.toml" if text in ready_names() else Path(text)
    if not path.is_file():
        names = ", ".join(ready_names())
        raise MappingUnusable(
            f"{text} is neither a ready mapping ({names}), a file nor name=Column"
        )
    return _build({**_document(path), **known})


def ready_names() -> list[str]:
    """The mappings that come along."""
    return sorted(path.stem for path in READY.glob("*.toml"))


def _inline(text: str) -> dict[str, str]:
    fields = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    if len(fields) != len(text.split(",")):
        raise MappingUnusable("say name=Column:kind, separated by commas, each name once")
    return {name.strip(): column.strip() for name, column in fields.items()}


def _document(path: Path) -> dict[str, Any]:
    try:
        data = path.read_text("utf-8-sig")
        found = json.loads(data) if path.suffix == ".json" else tomllib.loads(data)
    except (ValueError, OSError) as error:
        raise MappingUnusable(f"{path} cannot be read: {clean(str(error))}") from None
    if not isinstance(found, dict):
        raise MappingUnusable(f"{path} is not a mapping")
    return found


def _build(document: dict[str, Any]) -> ColumnMapping:
    names = ColumnMapping.__dataclass_fields__.keys()
    unknown = sorted(document.keys() - names)
    if unknown:
        raise MappingUnusable(f"a mapping has no {', '.join(unknown)}; it has {', '.join(names)}")
    time = document.get("time", ())
    defaults = {"fields": {}, **document, "time": (time,) if isinstance(time, str) else tuple(time)}
    try:
        return ColumnMapping(**defaults)
    except (TypeError, AttributeError) as error:
        raise MappingUnusable(f"the mapping does not fit: {clean(str(error))}") from None

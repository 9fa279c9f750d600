"""A file of devices as rows. Pure.

CSV as spreadsheets write it: UTF-8 with or without a byte order mark, commas, semicolons or tabs,
quotes as in RFC 4180, a header that names the columns in any order. Or a JSON list of objects.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

COLUMNS: Final = ("uid", "name", "profile", "tags", "transport", "networks")
DELIMITERS: Final = ",;\t"
MOST_ROWS: Final = 10_000
# Longer than every column together may be.
LONGEST_FIELD: Final = 16_384


class UnreadableError(ValueError):
    """Nothing of the file can be read; says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One device of a file. `line`: its first line in a CSV, or its place in a JSON list, from 1.

    `values` as in the body that creates a device; `problem`: why there are none.
    """

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: list[Row]
    ignored: list[str] = field(default_factory=list)  # columns that mean nothing here


def read_csv(data: bytes) -> Sheet:
    """The rows of a CSV. Raises `UnreadableError`."""
    text = _decoded(data)
    # Not by splitlines: a quoted value may hold line breaks, and the reader counts them.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = [name.strip().lower() for name in next(reader)]
        _check_header(header)
        rows = list(_csv_rows(reader, header))
    except StopIteration:
        raise UnreadableError("the file is empty; its first line names the columns") from None
    except csv.Error as error:
        raise UnreadableError(f"line {reader.line_num}: {error}") from None
    return Sheet(rows, [name for name in header if name not in COLUMNS])


def read_json(data: bytes) -> Sheet:
    """The rows of a JSON list. Raises `UnreadableError`."""
    try:
        items = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not JSON: {error}") from None
    if not isinstance(items, list):
        raise UnreadableError("not a list of objects")
    _check_count(len(items))
    rows = [
        Row(place, item) if isinstance(item, dict) else Row(place, problem="not an object")
        for place, item in enumerate(items, 1)
    ]
    return Sheet(rows)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError("the file is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"line {line} is not UTF-8; save the file as UTF-8") from None


def _delimiter(text: str) -> str:
    """The one that the first line has most of."""
    header = text.split("\n", 1)[0]
    return max(DELIMITERS, key=header.count)


def _check_header(header: list[str]) -> None:
    if "uid" not in header:
        known = ", ".join(COLUMNS)
        raise UnreadableError(f"the column uid is missing; the first line names some of {known}")
    twice = {name for name in header if name in COLUMNS and header.count(name) > 1}
    if twice:
        raise UnreadableError(f"the column {', '.join(sorted(twice))} stands there twice")


def _check_count(count: int) -> None:
    if count > MOST_ROWS:
        raise UnreadableError(f"an import has at most {MOST_ROWS} rows; cut the file in parts")


def _csv_rows(reader: Any, header: list[str]) -> Iterator[Row]:
    count, line = 0, reader.line_num + 1
    for fields in reader:
        here, line = line, reader.line_num + 1
        if not any(value.strip() for value in fields):
            continue
        count += 1
        _check_count(count)
        yield _csv_row(here, fields, header)


def _csv_row(line: int, fields: list[str], header: list[str]) -> Row:
    if len(fields) > len(header):
        problem = f"{len(fields)} values under {len(header)} columns"
        return Row(line, problem=problem)
    if any(len(value) > LONGEST_FIELD for value in fields):
        return Row(line, problem=f"a value is longer than {LONGEST_FIELD} characters")
    found = dict(zip(header, (value.strip() for value in fields), strict=False))
    values: dict[str, Any] = {"uid": found["uid"]} if "uid" in found else {}
    for column in ("name", "profile", "transport"):
        if found.get(column):
            values[column] = found[column]
    for column in ("tags", "networks"):
        if found.get(column):
            several = (one.strip() for one in found[column].split("|"))
            values[column] = [one for one in several if one]
    return Row(line, values)

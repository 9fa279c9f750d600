"""CSV as RFC 4180 has it, from rows as they are stored. Pure.

Numbers are never parsed: a cell holds the characters that are in the stored JSON. Text that a
spreadsheet would take for a formula is guarded with an apostrophe
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from shared.clock import rfc3339

# A list of any length would not fit into a request's head; who wants more leaves it out.
MOST_DEVICES = 100
# Rows to ask for at a time: a chunk should be about this many bytes of JSON.
CHUNK_BYTES = 1024 * 1024
FIRST_ROWS, FEWEST_ROWS, MOST_ROWS = 500, 50, 5_000

# A stored row as one text, which costs a driver written in Python least: time in ms, boot and
# sequence number, of an event also its name, then the JSON object, with a space between.
READING, EVENT = 3, 4

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)
# Spreadsheets take a formula for one behind white space and characters that are not seen, too. A
# text that begins with such a character is guarded whatever follows (ASVS 5.0, 1.2.10).
_FORMULA = re.compile(r"[\x00-\x1f\x7f]|[\s\x00-\x1f\x7f-\x9f]*[=+@-]")
# A negative number that came as text ("-0.5") is a number, not a formula.
_NEGATIVE = re.compile(r"-\d+(\.\d+)?")
_QUOTED = re.compile(r'[",\r\n]')
_QUOTE, _NESTED = ord('"'), b"{["
# A stored text that is its own cell: no escapes, nothing to quote, nothing to guard. What begins
# beyond ASCII, where there is white space too, is looked at as text.
_PLAIN = re.compile(rb'"[^\x00-\x20\x7f-\xff"\\,=+@-][^"\\,\r\n]*"')
_COLUMNS = ("device", "time", "t", "boot", "s")


def header(columns: Iterable[str]) -> bytes:
    """The header line: the columns of every export, then `columns`."""
    return _line([*_COLUMNS, *(text_cell(name) for name in columns)]).encode()


def key(row: str) -> tuple[int, int, int]:
    """Time, boot and sequence number of a row."""
    ts, boot, seq, _ = row.split(" ", READING)
    return int(ts), int(boot), int(seq)


def reading_lines(device: str, metrics: Sequence[str], rows: Iterable[str]) -> bytes:
    """One line a reading: its key, then the value of each of `metrics`, empty where it has none."""
    start = text_cell(device)
    return b"".join(_reading(start, metrics, row) for row in rows)


def event_lines(device: str, fields: Sequence[str] | None, rows: Iterable[str]) -> bytes:
    """One line an event: its key and name, then each of `fields` of its data, or all as JSON."""
    start = text_cell(device)
    return b"".join(_event(start, fields, row) for row in rows)


def names(latest: str) -> Iterable[str]:
    """The names in a stored JSON object."""
    return _members.decode(latest).keys()


def next_rows(rows: int, taken: int, size: int) -> int:
    """How many rows to ask for after a chunk of `taken` rows with `size` bytes, of `rows` asked.

    It grows slowly, so that a few small rows before large ones do not make a huge chunk.
    """
    if not taken:
        return rows
    fitting = CHUNK_BYTES * taken // max(size, 1)
    return max(FEWEST_ROWS, min(fitting, rows * 2, MOST_ROWS))


def text_cell(text: str) -> str:
    """A text as a cell: guarded where it could be a formula, quoted where it must be."""
    if _FORMULA.match(text) and not _NEGATIVE.fullmatch(text):
        text = f"'{text}"
    return _quoted(text) if _QUOTED.search(text) else text


def _cell(value: msgspec.Raw | None) -> bytes:
    """A stored JSON value as a cell: a number or a boolean as it stands, a text guarded."""
    if value is None:
        return b""
    stored = bytes(value)
    first = stored[0]
    if first == _QUOTE:
        if _PLAIN.fullmatch(stored):
            return stored[1:-1]
        return text_cell(_text.decode(stored)).encode()
    if first in _NESTED:
        return _quoted(stored.decode()).encode()
    return b"" if stored == b"null" else stored


def _reading(device: str, metrics: Sequence[str], row: str) -> bytes:
    ts, boot, seq, body = row.split(" ", READING)
    found = _members.decode(body)
    cells = [_cell(found.get(name)) for name in metrics]
    return b",".join((_key(device, ts, boot, seq), *cells)) + b"\r\n"


def _event(device: str, fields: Sequence[str] | None, row: str) -> bytes:
    ts, boot, seq, name, data = row.split(" ", EVENT)
    if fields is None:
        cells = [_quoted(data).encode()]
    else:
        found = _members.decode(data)
        cells = [_cell(found.get(field)) for field in fields]
    return b",".join((_key(device, ts, boot, seq), text_cell(name).encode(), *cells)) + b"\r\n"


def _key(device: str, ts: str, boot: str, seq: str) -> bytes:
    second, ms = divmod(int(ts), 1000)
    return f"{device},{_second(second)}.{ms:03d}Z,{ts},{boot},{seq}".encode()


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return rfc3339(second * 1000)[:-5]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _line(cells: Iterable[str]) -> str:
    return ",".join(cells) + "\r\n"

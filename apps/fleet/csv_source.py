"""Rows of any CSV file, with the number of the line that each stands on."""

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from apps.fleet.errors import FileUnusable
from shared.telemetry.clean import clean

DELIMITERS = ",;\t"
# What a first column without a name in the header is called.
ROW = "row"


class CsvSource:
    """A CSV file in UTF-8, with or without a byte order mark; comma, semicolon or tab.

    A header that is one name short lacks the first column's, which is then called `row`.
    Raises `FileUnusable` when it cannot be read or has no header.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bad: list[tuple[int, str]] = []
        try:
            with self._open() as file:
                self._delimiter = _delimiter(file.readline())
                file.seek(0)
                reader = csv.reader(file, delimiter=self._delimiter)
                names = [name.strip() for name in next(reader, [])]
                self.first = next((cells for cells in reader if cells), [])
        except (OSError, csv.Error) as error:
            raise FileUnusable(f"{path} cannot be read: {clean(str(error))}") from None
        if not any(names):
            raise FileUnusable(f"{path} has no header")
        if len(self.first) == len(names) + 1:
            names.insert(0, ROW)
        self.header = names

    def require(self, columns: list[str]) -> None:
        """Raises `FileUnusable` that names the columns that are missing or there twice."""
        missing = [column for column in columns if column not in self.header]
        if missing:
            raise FileUnusable(
                f"{self.path.name} has no column {', '.join(missing)}; "
                f"it has {clean(', '.join(self.header))}"
            )
        twice = [column for column in columns if self.header.count(column) > 1]
        if twice:
            raise FileUnusable(f"{self.path.name} has the column {', '.join(twice)} twice")

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """(line, column → cell); a row that is none goes to `bad` with its line and the reason."""
        with self._open() as file:
            reader = csv.reader(file, delimiter=self._delimiter)
            next(reader)
            while True:
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    self.bad.append((reader.line_num, clean(str(error))))
                    continue
                if cells is None:
                    return
                problem = self._problem(cells)
                if problem:
                    self.bad.append((reader.line_num, problem))
                elif cells:
                    yield reader.line_num, dict(zip(self.header, cells, strict=True))

    def count(self) -> int:
        """Lines below the header: about as many rows, for showing how far it is."""
        with self.path.open("rb") as file:
            return max(
                sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1, 0
            )

    def boot(self, mapping: str, device: str) -> int:
        """The boot number of `device` in a replay of this file by `mapping`.

        The same file, however it is named and whatever was appended to it since, has the same
        header and first row, so that replaying it again numbers every row as before.
        """
        identity = json.dumps([mapping, self.header, self.first, device]).encode()
        return int.from_bytes(hashlib.sha256(identity).digest()[:4], "big") or 1

    def _problem(self, cells: list[str]) -> str:
        if cells and len(cells) != len(self.header):
            return f"it has {len(cells)} cells, the header {len(self.header)}"
        if any("\udc80" <= char <= "\udcff" for cell in cells for char in cell):
            return "it is not UTF-8"
        return ""

    def _open(self) -> TextIO:
        # What is not UTF-8 spoils its row, not the file.
        return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _delimiter(header: str) -> str:
    """The delimiter that occurs most often outside of quotes."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)

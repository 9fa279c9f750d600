"""Many rows in one statement, built without an object a value.

For the write path only: its statements are larger than RDS Proxy takes without pinning, so it
has a pool of its own of at most two connections.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import aiomysql
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.dialect import dialect_name

Row = tuple[Any, ...]
# MariaDB takes 16 MiB a packet by default, MySQL 64.
STATEMENT_BYTES: Final = 4 * 1024 * 1024
STATEMENT_ROWS: Final = 5_000
# Longer than any head and tail of a statement.
OVERHEAD: Final = 600
# After these the connection is as good as before, as it is after a lock wait or a deadlock.
_REFUSALS: Final = (aiomysql.ProgrammingError, aiomysql.DataError, aiomysql.IntegrityError)
_LOCKED: Final = {(1205,), (1213,)}
_SPECIAL: Final = re.compile(rb"['\\\0]")
_ESCAPES: Final = {b"'": b"''", b"\\": b"\\\\", b"\0": b"\\0"}


@dataclass(frozen=True)
class Into:
    """An INSERT of many rows.

    `kinds` has a letter a column: i an integer, t UTF-8 text as bytes, x any bytes. Rows whose
    unique key `key` exists stay as they are, but for the columns `replace`, which take the new
    value, and `add`, which it is added to.
    """

    table: str
    columns: tuple[str, ...]
    kinds: str
    key: tuple[str, ...]
    replace: tuple[str, ...] = ()
    add: tuple[str, ...] = field(default=())

    @cached_property
    def texts(self) -> tuple[int, ...]:
        return tuple(place for place, kind in enumerate(self.kinds) if kind == "t")

    @cached_property
    def binaries(self) -> tuple[int, ...]:
        return tuple(place for place, kind in enumerate(self.kinds) if kind == "x")

    @cached_property
    def head(self) -> bytes:
        names = ",".join(f"`{name}`" for name in self.columns)
        return f"INSERT INTO `{self.table}` ({names}) VALUES ".encode()  # noqa: S608 - names of ours

    @cached_property
    def row(self) -> Callable[[Row], bytes]:
        places = {"i": b"%d", "t": b"'%b'", "x": b"X'%b'"}
        return (b"(" + b",".join(places[kind] for kind in self.kinds) + b")").__mod__

    @cached_property
    def tail(self) -> bytes:
        sets = [f"`{name}`=VALUES(`{name}`)" for name in self.replace]
        sets += [f"`{name}`=`{name}`+VALUES(`{name}`)" for name in self.add]
        # A key set to itself changes nothing, and counts as nothing changed.
        sets = sets or [f"`{self.key[0]}`=`{self.key[0]}`"]
        return (" ON DUPLICATE KEY UPDATE " + ",".join(sets)).encode()

    @cached_property
    def sqlite(self) -> str:
        names = ",".join(f'"{name}"' for name in self.columns)
        marks = ",".join("?" * len(self.columns))
        sets = [f'"{name}"=excluded."{name}"' for name in self.replace]
        sets += [f'"{name}"="{name}"+excluded."{name}"' for name in self.add]
        action = "UPDATE SET " + ",".join(sets) if sets else "NOTHING"
        keys = ",".join(f'"{name}"' for name in self.key)
        return (
            f'INSERT INTO "{self.table}" ({names}) VALUES ({marks})'  # noqa: S608 - names of ours
            f" ON CONFLICT ({keys}) DO {action}"
        )


async def insert_rows(
    connection: AsyncConnection, into: Into, rows: Sequence[Row], bound: int = STATEMENT_BYTES
) -> int:
    """Insert `rows`; returns how many rows the database says changed.

    `bound`: how long a statement may be, in bytes (a row alone may be longer). On a
    MySQL engine made with `count_changed` a row that met its key and stayed counts 0.
    """
    if not rows:
        return 0
    if dialect_name(connection) == "sqlite":
        result = await connection.exec_driver_sql(into.sqlite, _for_sqlite(into, rows))
        return result.rowcount
    changed = 0
    for statement in statements(into, rows, bound):
        changed += await execute(connection, statement)
    return changed


async def insert_texts(
    connection: AsyncConnection, into: Into, texts: Sequence[bytes], bound: int = STATEMENT_BYTES
) -> int:
    """As `insert_rows`, of rows that are SQL already: each of `texts` is one or more of them.

    MySQL only; the texts are `escaped`.
    """
    changed = 0
    for statement in _statements(into, texts, bound):
        changed += await execute(connection, statement)
    return changed


async def execute(connection: AsyncConnection, statement: bytes) -> int:
    """Run a statement as it is, without parameters; returns the rows changed. MySQL only."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    try:
        changed: int = await driver.query(statement)
    except BaseException as error:
        # Broken off half way, or the server is gone: what comes next on this connection could be
        # the answer to something else.
        if not _harmless(error) and connection.sync_connection is not None:
            connection.sync_connection.invalidate()
        raise
    return changed


def _harmless(error: BaseException) -> bool:
    locked = isinstance(error, aiomysql.MySQLError) and error.args[:1] in _LOCKED
    return locked or isinstance(error, _REFUSALS)


def statements(into: Into, rows: Sequence[Row], bound: int = STATEMENT_BYTES) -> list[bytes]:
    """The statements that insert `rows`, each of bounded size."""
    if into.binaries:
        rows = [_hex(into, row) for row in rows]
    if any(is_special(b"\n".join([row[at] for row in rows])) for at in into.texts):
        rows = [_escaped(into, row) for row in rows]
    result: list[bytes] = []
    for start in range(0, len(rows), STATEMENT_ROWS):
        parts = [into.row(row) for row in rows[start : start + STATEMENT_ROWS]]
        result += _statements(into, parts, bound)
    return result


def _statements(into: Into, parts: Sequence[bytes], bound: int) -> list[bytes]:
    return [into.head + b",".join(group) + into.tail for group in _bounded(parts, bound)]


def _bounded(parts: Sequence[bytes], bound: int) -> list[Sequence[bytes]]:
    if sum(map(len, parts)) + len(parts) + OVERHEAD <= bound or len(parts) == 1:
        return [parts]
    half = len(parts) // 2
    return _bounded(parts[:half], bound) + _bounded(parts[half:], bound)


def _escaped(into: Into, row: Row) -> Row:
    values = list(row)
    for place in into.texts:
        values[place] = escaped(values[place])
    return tuple(values)


def is_special(text: bytes) -> bool:
    """Whether `text` has to be `escaped` before it can stand between quotes."""
    # Three searches for a byte cost a tenth of one for a pattern.
    return b"'" in text or b"\\" in text or b"\0" in text


def escaped(text: bytes) -> bytes:
    """`text` as it stands between quotes in SQL."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)


def _hex(into: Into, row: Row) -> Row:
    values = list(row)
    for place in into.binaries:
        values[place] = values[place].hex().encode()
    return tuple(values)


def _for_sqlite(into: Into, rows: Sequence[Row]) -> list[Row]:
    if not into.texts:
        return list(rows)
    result = []
    for row in rows:
        values = list(row)
        for place in into.texts:
            values[place] = values[place].decode()
        result.append(tuple(values))
    return result

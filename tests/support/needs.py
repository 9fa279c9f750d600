"""Which privileges a statement needs, by MySQL's rules, which are the stricter ones.

For the statements that the apps send, as SQLAlchemy and shared.db write them: no views, no
statement inside a text. What it does not know raises.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrations.grants import Privilege

_TEXT = re.compile(r"'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_FROM = re.compile(r"\b(?:FROM|JOIN)\s+`?([a-z_]+)`?", re.IGNORECASE)
_INSERT = re.compile(r"INSERT INTO `?([a-z_]+)`?\s*\(", re.IGNORECASE)
_UPDATE = re.compile(r"UPDATE `?([a-z_]+)`?", re.IGNORECASE)
_DELETE = re.compile(r"DELETE FROM `?([a-z_]+)`?", re.IGNORECASE)
_ALTER = re.compile(r"ALTER TABLE `?([a-z_]+)`?", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?:^|,)\s*(?:`?[a-z_]+`?\.)?`?([a-z_]+)`?\s*=", re.IGNORECASE)
_WORD = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)
_LOCK = re.compile(r"\bFOR UPDATE\b", re.IGNORECASE)
_HARMLESS = re.compile(
    r"\s*(?:SET|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SHOW|DESCRIBE|EXPLAIN)\b",
    re.IGNORECASE,
)
SYSTEM = "information_schema"


class Need(NamedTuple):
    """`columns`: those assigned to, or for reading all words of the statement; "LOCK" is UPDATE or
    DELETE of the whole table.
    """

    table: str
    privilege: str
    columns: tuple[str, ...] = ()

    def uses(self, table: str, privilege: str, column: str) -> bool:
        """Whether a grant of this is used by it."""
        if self.table != table:
            return False
        if self.privilege == "LOCK":
            return privilege in ("UPDATE", "DELETE") and not column
        return self.privilege == privilege and (not column or column in self.columns)


def covers(granted: Iterable[Privilege], need: Need) -> bool:
    """Whether `granted` is enough. What is read of a table by column, the server checks."""
    have = set(granted)
    if need.privilege == "LOCK":
        return bool({("UPDATE", ""), ("DELETE", "")} & have)
    if (need.privilege, "") in have or need.privilege == "SELECT":
        return any(privilege == need.privilege for privilege, _ in have)
    return {(need.privilege, column) for column in need.columns or ("",)} <= have


def needs(statement: str) -> set[Need]:
    """What `statement` needs. Raises `ValueError` for one of a kind that apps do not send."""
    sql = _TEXT.sub("''", statement)
    found = set(_needs(sql))
    return {need for need in found if need.table != SYSTEM}


def _needs(sql: str) -> Iterator[Need]:
    words = tuple(sorted({word.lower() for word in _WORD.findall(sql)}))
    if match := _INSERT.match(sql):
        yield Need(match[1], "INSERT")
        # RETURNING is MariaDB's alone.
        _, _, update = sql.partition(" RETURNING ")[0].partition(" ON DUPLICATE KEY UPDATE ")
        if update:
            yield from _written(match[1], update)
            yield Need(match[1], "SELECT", words)
    elif match := _UPDATE.match(sql):
        assigned, _, where = sql.partition(" SET ")[2].partition(" WHERE ")
        yield from _written(match[1], assigned)
        yield Need(match[1], "SELECT", words)
        yield from _read(where, words)
    elif match := _DELETE.match(sql):
        yield Need(match[1], "DELETE")
        yield from _read(sql, words)
    elif match := _ALTER.match(sql):
        # As MySQL's manual has it: to alter a table is to make and fill another.
        yield from (Need(match[1], privilege) for privilege in ("ALTER", "CREATE", "INSERT"))
    elif sql.lstrip(" (").upper().startswith("SELECT"):
        yield from _read(sql, words)
        if _LOCK.search(sql):
            yield from (Need(table, "LOCK") for table in _FROM.findall(sql))
    elif not _HARMLESS.match(sql):
        raise ValueError(f"what does this need? {sql[:200]}")


def _written(table: str, assignments: str) -> Iterator[Need]:
    outside = re.sub(r"\([^()]*\)", "", assignments)
    for column in _ASSIGNED.findall(outside):
        yield Need(table, "UPDATE", (column,))


def _read(sql: str, words: tuple[str, ...]) -> Iterator[Need]:
    for table in _FROM.findall(sql):
        yield Need(table.lower(), "SELECT", words)

"""Which tables say something of a person: read off the foreign keys, so that a new one counts too.

A table belongs to a person by a key to `person`, or to a row that belongs to them: a session to a
sign-in, a group's member to a membership.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, LargeBinary, Select, Table, select

from shared.models import Base, Person

PERSON: Final = Person.__tablename__
# What proves somebody, and what only the database's own rows refer by, is nobody's to take away.
_SECRET: Final = ("password_hash", "secret", "challenge", "last_step")


def belongings(person_id: int) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Tables and the condition that finds a person's rows there: what refers to others first."""
    for table in reversed(Base.metadata.sorted_tables):
        found = _condition(table, person_id)
        if found is not None:
            yield table, found


def shown(table: FromClause) -> list[ColumnElement[Any]]:
    """The columns of a table that a person is given: no numbers of rows, nothing that proves."""
    return [
        column
        for column in table.columns
        if not (
            column.name == "id"
            or (column.name.endswith("_id") and column.name != "public_id")
            or isinstance(column.type, LargeBinary)
            or column.name in _SECRET
        )
    ]


def _condition(table: Table, person_id: int) -> ColumnElement[bool] | None:
    for column in table.columns:
        for key in column.foreign_keys:
            parent = key.column.table
            if parent.name == PERSON:
                return column == person_id
            if parent is not table and (rows := _rows(parent, person_id)) is not None:
                return column.in_(rows)
    return None


def _rows(parent: Table, person_id: int) -> Select[*tuple[Any, ...]] | None:
    """The numbers of a parent's rows that belong to a person; none: it belongs to nobody."""
    condition = _condition(parent, person_id)
    return None if condition is None else select(parent.c.id).where(condition)

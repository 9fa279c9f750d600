"""Steps of a revision that can be run again.

MySQL commits each DDL statement by itself, so a revision that is cut off leaves its first steps
done. Each step here does nothing when it is done already: run the migration again and it goes on.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


def create_table(name: str, *items: sa.schema.SchemaItem, **options: Any) -> None:
    """`op.create_table`, unless the table is there."""
    op.create_table(name, *items, if_not_exists=True, **options)


def create_index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """`op.create_index`, unless the index is there (MySQL has no IF NOT EXISTS for it)."""
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    if name not in present:
        op.create_index(name, table, columns, unique=unique)


def drop_table(name: str) -> None:
    """`op.drop_table`, if the table is there. Its indexes go with it."""
    op.drop_table(name, if_exists=True)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """`op.add_column`, unless the column is there (MySQL has no IF NOT EXISTS for it)."""
    if column.name not in _columns(table):
        op.add_column(table, column)


def drop_column(table: str, name: str) -> None:
    """`op.drop_column`, if the column is there."""
    if name in _columns(table):
        op.drop_column(table, name)


def drop_index(name: str, table: str) -> None:
    """`op.drop_index`, if the index is there."""
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    if name in present:
        op.drop_index(name, table)


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}

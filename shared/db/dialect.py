"""What SQLite and MySQL say differently, and nothing else."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Insert, Select, Table, func
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.models.base import Quantity

Connectable = AsyncConnection | AsyncSession
Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])


def dialect_name(connection: Connectable) -> str:
    """`sqlite` or `mysql` (MariaDB too)."""
    if isinstance(connection, AsyncSession):
        return connection.get_bind().dialect.name
    return connection.dialect.name


def insert_ignore(connection: Connectable, table: Table) -> Insert:
    """An INSERT that leaves an existing row with the same unique key alone.

    Not INSERT IGNORE: that would also turn values that do not fit into warnings. Its rowcount
    says nothing on MySQL, where the engine counts rows found, not rows changed.
    """
    if dialect_name(connection) == "sqlite":
        return sqlite_insert(table).on_conflict_do_nothing()
    key = next(iter(table.primary_key.columns))
    return mysql_insert(table).on_duplicate_key_update({key.name: key})


def upsert(
    connection: Connectable, table: Table, key: Sequence[str], update: Iterable[str]
) -> Insert:
    """An INSERT that, where `key` exists, sets the columns `update` to the new values."""
    if dialect_name(connection) == "sqlite":
        lite = sqlite_insert(table)
        return lite.on_conflict_do_update(
            index_elements=list(key), set_={name: lite.excluded[name] for name in update}
        )
    my = mysql_insert(table)
    return my.on_duplicate_key_update({name: my.inserted[name] for name in update})


def along(statement: Rows, table: type[Any], index: str) -> Rows:
    """`statement` reading `table` along `index`, for a page behind a place in a long list.

    MariaDB would look at every row before that place: it takes equal keys, not the range. SQLite
    renders nothing, and finds the place by itself.
    """
    return statement.with_hint(table, f"FORCE INDEX ({index})", "mysql")


def lock_rows(statement: Rows, *, skip_locked: bool = False) -> Rows:
    """The rows of `statement` locked until the transaction ends.

    SQLite renders nothing: there a transaction that writes has the whole database.
    """
    return statement.with_for_update(skip_locked=skip_locked)


def share_rows(statement: Rows) -> Rows:
    """The rows of `statement` kept from changing until the transaction ends; others may do the
    same. SQLite as for `lock_rows`.
    """
    return statement.with_for_update(read=True)


def exact_sum(
    connection: Connectable, column: InstrumentedAttribute[Decimal | None]
) -> ColumnElement[Decimal | None]:
    """The exact sum of a Quantity column; null of nothing, as SUM is.

    SQLite's own SUM is a float there; `exact_sum` is registered by shared.db.engine.
    """
    if dialect_name(connection) == "sqlite":
        return func.exact_sum(column, type_=Quantity())
    return func.sum(column, type_=Quantity())

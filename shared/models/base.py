"""The base of all tables and the column types that they share."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from shared.ids import new_id

# Compared byte by byte: two device uids that differ in case are two devices. Both MySQL and
# MariaDB have this collation.
TABLE_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}

NAMES = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


def options(*items: Any) -> tuple[Any, ...]:
    """Table arguments: constraints and indexes, and the options that every table has."""
    return (*items, TABLE_OPTIONS)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: an aware datetime in Python, UTC DATETIME(6) in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None else None


class Quantity(TypeDecorator[Decimal]):
    """An exact quantity with up to 12 decimals: DECIMAL(38,12), and text on SQLite.

    SQLite has no decimals: sum there with the aggregate `exact_sum` (shared.db.engine).
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(60))
        return dialect.type_descriptor(Numeric(38, 12))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return format(value, "f")

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> Decimal | None:
        return None if value is None else Decimal(value)


# SQLite numbers rows by itself only for a column of type INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")
# A device's number: 4 bytes, because every reading carries it.
DeviceId = Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql")
UInt = BigInteger().with_variant(mysql.INTEGER(unsigned=True), "mysql")
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
LongBytes = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql")
Digest = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql")


def short_bytes(length: int) -> TypeEngine[bytes]:
    """Up to `length` bytes in the row itself, so that they can have an index."""
    return LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql")


def primary_id() -> Mapped[int]:
    """The row's own number; it never leaves the process."""
    return mapped_column(BigId, primary_key=True, autoincrement=True)


def public_id(prefix: str) -> Mapped[str]:
    """The id that the world sees: a prefix and 26 characters."""
    return mapped_column(String(31), unique=True, default=lambda: new_id(prefix))

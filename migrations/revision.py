"""Which revision a database is at, without Alembic, whose import costs a start its time."""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

VERSIONS = Path(__file__).parent / "versions"


def newest() -> str:
    """The newest revision that this code knows: files are named by theirs, in their order."""
    return max(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*_*.py"))


def present(connection: Connection) -> str | None:
    """The revision that the database is at; none when it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(select(column("version_num")).select_from(table("alembic_version")))


def advice(at: str | None) -> str:
    """What to do about a database that is at another revision than `newest()`."""
    if at is not None and at > newest():
        return "it was made by a newer Fortress: run that one, or use another database"
    return "run `fortress migrate`"

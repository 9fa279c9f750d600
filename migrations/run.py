"""Migrating, one at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shared.db import Database
from shared.errors import Conflict

# A migration that waits for a table's lock holds up everyone behind it: give up soon.
LOCK_WAIT_S = 5
LOCK = "fortress_migrate"


def head() -> str:
    """The newest revision that this code knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def current(connection: Connection) -> str | None:
    """The revision that the database is at."""
    return MigrationContext.configure(connection).get_current_revision()


async def upgrade(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate up to `revision`; returns the revisions before and after.

    Raises `Conflict` when another migration is under way.
    """
    return await _migrate(database, revision, command.upgrade)


async def downgrade(database: Database, revision: str) -> tuple[str | None, str | None]:
    """Migrate down to `revision` ("base": nothing is left); otherwise like `upgrade`."""
    return await _migrate(database, revision, command.downgrade)


async def _migrate(database: Database, revision: str, run: object) -> tuple[str | None, str | None]:
    async with database.engine.connect() as connection:
        return await connection.run_sync(_locked, revision, run)


def _locked(connection: Connection, revision: str, run: object) -> tuple[str | None, str | None]:
    mysql = connection.dialect.name == "mysql"
    before = current(connection)
    if mysql:
        connection.execute(text(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_S}"))
        taken = connection.scalar(text("SELECT GET_LOCK(:name, 0)"), {"name": LOCK})
        if not taken:
            raise Conflict("another migration is under way; wait for it to end")
    try:
        assert callable(run)
        run(_config(connection), revision)
        connection.commit()
    finally:
        if mysql:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": LOCK})
            connection.commit()
    return before, current(connection)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config

"""Migrating, one at a time."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from migrations.revision import advice
from shared.clock import SystemClock
from shared.db import Database
from shared.db.engine import WRITES
from shared.db.partitions import maintain
from shared.errors import Conflict, NotFound
from shared.telemetry.clean import clean

# A migration that waits for a table's lock holds up everyone behind it: give up soon.
LOCK_WAIT_S = 5
TURN_WAIT_S = 2
# MySQL's named locks belong to the whole server and are short: one a database.
LOCK = "CONCAT('migrate:', SHA1(DATABASE()))"
LOCK_TIMEOUT = 1205
IN_USE = (
    "a table was in use for too long, or another migration is under way; "
    "migrate again, it goes on where it stopped"
)

Move = tuple[str | None, str | None]
Run = Callable[[Config, str], None]


def head() -> str:
    """The newest revision that this code knows."""
    newest = _scripts().get_current_head()
    assert newest is not None
    return newest


def current(connection: Connection) -> str | None:
    """The revision that the database is at."""
    return MigrationContext.configure(connection).get_current_revision()


async def upgrade(database: Database, revision: str = "head") -> Move:
    """Migrate up to `revision`; returns the revisions before and after.

    Raises `Conflict` when another migration is under way, or a table is in use for too long. A
    migration that was cut off can be run again. At the head it also makes the partitions of the
    week ahead, however many readings have to move for it. A revision that is not known is
    `NotFound`; a database that is at one that this version does not know, `Conflict`.
    """
    moved = await _migrate(database, revision, command.upgrade)
    if moved[1] == head():
        try:
            await maintain(database, SystemClock(), move_at_most=None)
        except OperationalError as error:
            if _gave_up_waiting(error):
                raise Conflict(IN_USE) from error
            raise
    return moved


async def downgrade(database: Database, revision: str) -> Move:
    """Migrate down to `revision` ("base": nothing is left); otherwise like `upgrade`."""
    return await _migrate(database, revision, command.downgrade)


async def _migrate(database: Database, revision: str, run: Run) -> Move:
    async with database.engine.connect() as connection:
        await connection.execution_options(**{WRITES: True})
        try:
            return await connection.run_sync(_locked, revision, run)
        finally:
            # It has settings and locks that no one else's work should meet in the pool.
            await connection.invalidate()


def _locked(connection: Connection, revision: str, run: Run) -> Move:
    prepare = _prepare_mysql if connection.dialect.name == "mysql" else _prepare_sqlite
    try:
        prepare(connection)
        before = current(connection)
        _run_known(connection, before, revision, run)
        after = current(connection)
        _check_foreign_keys(connection)
        connection.commit()
        if connection.dialect.name == "mysql":
            connection.execute(text(f"SELECT RELEASE_LOCK({LOCK})"))
    except OperationalError as error:
        if _gave_up_waiting(error):
            raise Conflict(IN_USE) from error
        raise
    return before, after


def in_turn(connection: Connection, work: Callable[[Connection], object]) -> None:
    """Do `work` while no migration is under way. MySQL only; close the connection afterwards.

    Raises `Conflict` as `upgrade` does.
    """
    try:
        _prepare_mysql(connection)
        work(connection)
        connection.commit()
        connection.execute(text(f"SELECT RELEASE_LOCK({LOCK})"))
    except OperationalError as error:
        if _gave_up_waiting(error):
            raise Conflict(IN_USE) from error
        raise


def _run_known(connection: Connection, at: str | None, revision: str, run: Run) -> None:
    try:
        run(_config(connection), revision)
    except CommandError as error:
        known = {script.revision for script in _scripts().walk_revisions()}
        if at is not None and at not in known:
            said = f"the database is at {clean(at)}, this version needs {head()}; {advice(at)}"
            raise Conflict(said) from error
        raise NotFound(f"no way to revision {clean(revision)}: {clean(str(error))}") from error


def _prepare_mysql(connection: Connection) -> None:
    for variable in ("lock_wait_timeout", "innodb_lock_wait_timeout"):
        connection.execute(text(f"SET SESSION {variable} = {LOCK_WAIT_S}"))
    # A migration that has just ended may not have given the lock back yet: its connection is
    # closed, and the server notices a moment later.
    if not connection.scalar(text(f"SELECT GET_LOCK({LOCK}, {TURN_WAIT_S})")):
        raise Conflict("another migration is under way; wait for it to end")


def _prepare_sqlite(connection: Connection) -> None:
    """The transaction that begins here has the whole database: one migration at a time.

    Foreign keys are off meanwhile (a table that is rebuilt would empty those that point at it)
    and checked before the commit. Both settings only work outside a transaction.
    """
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_S * 1000}")
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()
    connection.begin()


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken:
            raise RuntimeError(f"the migration leaves rows of {broken[0]} pointing at nothing")


def _gave_up_waiting(error: OperationalError) -> bool:
    arguments = error.orig.args if error.orig is not None else ()
    first = arguments[0] if arguments else None
    return first == LOCK_TIMEOUT or "database is locked" in str(first)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config

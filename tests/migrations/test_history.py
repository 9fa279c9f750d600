"""The history of the database: up, down, up again, from anywhere, one at a time."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, text

from migrations.run import LOCK, current, downgrade, head, upgrade
from shared.db import Database
from shared.db.engine import WRITES
from shared.errors import Conflict
from shared.models import Base
from shared.settings import Settings
from tests.support import databases

MIGRATIONS = Path(__file__).parents[2] / "migrations"
REVISIONS = [
    script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions("base", "heads")
]


@pytest.fixture(params=databases.KINDS)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without tables."""
    async with databases.empty_database(request.param, tmp_path) as url:
        database = Database.from_settings(Settings(database_url=url))
        yield database
        await database.close()


async def differences(database: Database) -> list[Any]:
    """What autogenerate would write to make the tables those of the models."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, Base.metadata)
        return found

    async with database.engine.connect() as connection:
        return await connection.run_sync(compare)


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def at(database: Database) -> str | None:
    async with database.engine.connect() as connection:
        return await connection.run_sync(current)


async def test_up_down_and_up_again(empty: Database) -> None:
    assert await upgrade(empty) == (None, head())
    assert await tables(empty) == {*Base.metadata.tables, "alembic_version"}
    assert await downgrade(empty, "base") == (head(), None)
    assert await tables(empty) == {"alembic_version"}
    assert await upgrade(empty) == (None, head())
    assert await differences(empty) == []


async def test_a_second_upgrade_finds_nothing_to_do(empty: Database) -> None:
    await upgrade(empty)
    assert await upgrade(empty) == (head(), head())


async def test_models_and_migrations_agree(empty: Database) -> None:
    await upgrade(empty)
    assert await differences(empty) == []


async def test_each_revision_goes_up_and_comes_back_to_what_was_before(empty: Database) -> None:
    steps: list[tuple[str, set[str]]] = []
    for revision in reversed(REVISIONS):
        await upgrade(empty, revision)
        steps.append((revision, await tables(empty)))
    for revision, then in reversed(steps):
        await downgrade(empty, revision)
        assert await at(empty) == revision
        assert await tables(empty) == then


async def test_goes_on_after_being_cut_off_behind_any_statement(tmp_path: Path) -> None:
    """MySQL cannot roll back what a revision has done: the connection is lost after each."""
    lost: list[str] = []

    def lose(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith(("CREATE", "ALTER")) and statement not in lost:
            lost.append(statement)
            raise ConnectionError

    async with databases.empty_database("mariadb", tmp_path) as url:
        database = Database.from_settings(Settings(database_url=url))
        event.listen(database.engine.sync_engine, "after_cursor_execute", lose)
        while await at(database) != head():
            with suppress(ConnectionError):
                await upgrade(database)
        assert await differences(database) == []
        await database.close()
    assert len(lost) > len(REVISIONS)


async def test_sqlite_rolls_back_all_of_a_migration_that_is_cut_off(tmp_path: Path) -> None:
    def lose(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "CREATE TABLE IF NOT EXISTS entry" in statement:
            raise ConnectionError

    async with databases.empty_database("sqlite", tmp_path) as url:
        database = Database.from_settings(Settings(database_url=url))
        event.listen(database.engine.sync_engine, "after_cursor_execute", lose)
        with pytest.raises(ConnectionError):
            await upgrade(database)
        assert await tables(database) == set()
        await database.close()


async def test_two_at_a_time_are_refused(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrations.run.LOCK_WAIT_S", 1)
    writing = empty.engine.execution_options(**{WRITES: True})
    async with writing.connect() as other:
        if not empty.is_sqlite:
            await other.execute(text(f"SELECT GET_LOCK({LOCK}, 0)"))
        await other.execute(text("SELECT 1"))
        with pytest.raises(Conflict, match="another migration is under way"):
            await upgrade(empty)
        await other.invalidate()
    assert await upgrade(empty) == (None, head())


async def test_two_databases_of_one_server_migrate_at_once(tmp_path: Path) -> None:
    async with (
        databases.empty_database("mariadb", tmp_path) as held,
        databases.empty_database("mariadb", tmp_path) as free,
    ):
        other, database = (
            Database.from_settings(Settings(database_url=url)) for url in (held, free)
        )
        async with other.engine.connect() as connection:
            await connection.execute(text(f"SELECT GET_LOCK({LOCK}, 0)"))
            assert await upgrade(database) == (None, head())
        await other.close()
        await database.close()


async def test_gives_up_soon_when_a_table_is_in_use(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migrations.run.LOCK_WAIT_S", 1)
    await upgrade(empty)
    writing = empty.engine.execution_options(**{WRITES: True})
    async with writing.connect() as user:
        await user.execute(text("SELECT COUNT(*) FROM entry"))
        with pytest.raises(Conflict, match="in use"):
            await downgrade(empty, "base")
        await user.rollback()
    await downgrade(empty, "base")


async def test_leaves_foreign_keys_checked(empty: Database) -> None:
    """On SQLite they are off while it migrates."""
    await upgrade(empty)
    async with empty.engine.connect() as connection:
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            await connection.execute(
                text("INSERT INTO usage_hour VALUES (4711, 'messages', 1, 'task', 1)")
            )


def test_each_revision_makes_one_table() -> None:
    for path in sorted((MIGRATIONS / "versions").glob("*.py")):
        assert path.read_text().count("steps.create_table(") <= 1, path.name
        assert "op.create_" not in path.read_text(), path.name

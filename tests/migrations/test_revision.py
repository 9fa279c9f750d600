"""The short way to know the revision agrees with Alembic's."""

from pathlib import Path

import pytest

from migrations import revision, run
from shared.db import Database
from shared.settings import Settings
from tests.support import databases


def test_the_newest_file_is_the_head() -> None:
    assert revision.newest() == run.head()


@pytest.mark.parametrize("kind", databases.KINDS)
async def test_a_database_tells_its_revision(kind: str, tmp_path: Path) -> None:
    async with databases.empty_database(kind, tmp_path) as url:
        database = Database.from_settings(Settings(database_url=url))
        async with database.engine.connect() as connection:
            assert await connection.run_sync(revision.present) is None
        await run.upgrade(database)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(revision.present) == revision.newest()
        await database.close()

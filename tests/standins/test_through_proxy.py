"""The proof has to be able to fail: runs of pytest on a file of their own."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.support import databases, servers
from tests.support.through_proxy import OPTION

CONFTEST = """
import os
import pytest

pytest_plugins = ["tests.support.through_proxy"]

@pytest.fixture(scope="session")
def database_url():
    return os.environ["URL"]
"""
TEST = """
import asyncio
from sqlalchemy import text
from shared.db import Database
from shared.settings import Settings

async def run(access, bulk):
    database = Database.from_settings(Settings(**access), bulk=bulk)
    async with database.read() as session:
        await session.execute(text({statement!r}))
    await database.close()

def test_it(database_access):
    asyncio.run(run(database_access, bulk={bulk}))
"""
LARGE = f"SELECT '{'x' * 17_000}'"


async def run(folder: Path, statement: str, *options: str, bulk: bool = False) -> tuple[int, str]:
    """Run a test that says `statement`; returns the exit code and what was printed."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(TEST.format(statement=statement, bulk=bulk))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    async with databases.empty_database("mariadb", folder) as url:
        environment = os.environ | {"URL": url, "PYTHONPATH": str(servers.ROOT)}
        done = await asyncio.to_thread(
            subprocess.run,
            [*command, "--rootdir", str(folder), str(folder), *options],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


async def test_a_run_fails_when_a_statement_pins_and_names_it_and_the_test(tmp_path: Path) -> None:
    code, said = await run(tmp_path, "SELECT @n := 1", OPTION)
    assert code == 1, said
    assert "1 passed" in said
    assert "test_it.py::test_it (call): fortress: a user variable: SELECT @n := 1" in said


async def test_the_bulk_pool_may_pin_and_it_is_counted(tmp_path: Path) -> None:
    code, said = await run(tmp_path, LARGE, OPTION, bulk=True)
    assert code == 0, said
    assert "on 1 connections, each signed in with a token; refused: 0" in said
    # The statement, and the time that its writers wait for locks.
    assert "pinned: 0; allowed to fortress-bulk: 2" in said


async def test_a_run_in_which_nothing_went_through_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_other(): pass")
    code, said = await run(tmp_path, "SELECT 1", OPTION, "-k", "test_other")
    assert code == 1, said
    assert "nothing went through it" in said

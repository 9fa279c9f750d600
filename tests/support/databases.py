"""The databases that tests run on: a real MariaDB, and SQLite."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from migrations.run import upgrade
from shared.db import Database
from shared.ids import new_id
from shared.settings import Settings

SERVER = "FORTRESS_TEST_SERVER"
KINDS = ("mariadb", "sqlite")
# For what takes long, and finds what is the same on every database.
on_mariadb = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
# The kinds of which a database was made since the test began; the closing summary counts by it.
opened: set[str] = set()


@asynccontextmanager
async def empty_database(kind: str, folder: Path) -> AsyncIterator[str]:
    """The URL of a new, empty database of its own, dropped after."""
    opened.add(kind)
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder}/{new_id('db')}.db"
        return
    server = make_url(os.environ[SERVER])
    # Not test_…: MariaDB lets everyone do everything in databases that are called so.
    name = new_id("db").lower()
    admin = create_async_engine(server.set(database="mysql"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with suppress(Exception):
            async with admin.connect() as connection:
                await connection.execute(text(f"DROP DATABASE {name}"))
        await admin.dispose()


@asynccontextmanager
async def migrated_database(kind: str, folder: Path) -> AsyncIterator[str]:
    """The URL of a new database with all tables."""
    async with empty_database(kind, folder) as url:
        database = Database.from_settings(Settings(database_url=url))
        await upgrade(database)
        await database.close()
        yield url

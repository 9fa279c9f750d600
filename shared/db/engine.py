"""The engine for each database that is supported."""

from pathlib import Path
from typing import Any

from pymysql.constants import CLIENT
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.settings import Settings

# RDS Proxy closes client connections after 1,800 s of idleness: recycle well before.
RECYCLE_S = 1_500
# Waiting for a pooled connection must end before the HTTP request's own time does (30 s).
BORROW_S = 10
SQLITE_BUSY_S = 30
WRITES = "fortress_writes"


def make_engine(
    settings: Settings, *, pool: int | None = None, count_changed: bool = False
) -> AsyncEngine:
    """An engine for `settings.database_url`; `pool` overrides `settings.database_pool`.

    `count_changed`: on MySQL, rowcount counts the rows that changed, not those found, so that
    an insert that met an existing row counts 0.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    engine = _mysql_engine(url, pool or settings.database_pool)
    if count_changed:
        event.listen(engine.sync_engine, "do_connect", _count_changed)
    return engine


def _count_changed(_dialect: object, _record: object, _args: object, params: Any) -> None:
    params["client_flag"] = params.get("client_flag", 0) & ~CLIENT.FOUND_ROWS


def _mysql_engine(url: URL, pool: int) -> AsyncEngine:
    return create_async_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=BORROW_S,
        pool_recycle=RECYCLE_S,
        pool_pre_ping=True,
    )


def _sqlite_engine(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": SQLITE_BUSY_S})

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transaction handling begins too late (at the first write).
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that turns from reading to writing can fail at once on SQLite,
        # whatever the timeout: one that means to write says so when it begins.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine

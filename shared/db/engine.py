"""The engine for each database that is supported."""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from pymysql.constants import CLIENT
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.db import driver
from shared.db.tls import make_context
from shared.money import EXACT
from shared.settings import Settings

# RDS Proxy closes client connections after 1,800 s of idleness: recycle well before.
RECYCLE_S = 1_500
# Waiting for a pooled connection must end before the HTTP request's own time does (30 s).
BORROW_S = 10
SQLITE_BUSY_S = 30
# What is deleted is overwritten: who is erased is not left in the file.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
WRITES = "fortress_writes"
# The server may be read-only or going down while another one takes over: a connection that stayed
# would stay with the wrong one.
MOVED_ON = {1053, 1290, 1836}
# The name that connections give the server, seen in its session_connect_attrs.
PROGRAM = "fortress"
BULK_PROGRAM = "fortress-bulk"
# For the writers of batches, which lock the state of devices. One whose network broke without a
# word leaves its transaction, and its locks, until the server gives it up: not for the 8 hours that
# are the default. And who waits for a lock hears of it before he gives up by himself (20 s).
BULK_SESSION = "SET SESSION wait_timeout=30, innodb_lock_wait_timeout=5"
# Well before the server gives one up that is idle.
BULK_IDLE_S = 20.0


def make_engine(
    settings: Settings,
    *,
    pool: int | None = None,
    count_changed: bool = False,
    bulk: bool = False,
) -> AsyncEngine:
    """An engine for `settings.database_address`; `pool` overrides `settings.database_pool`.

    `count_changed`: on MySQL, rowcount counts the rows that changed, not those found, so that
    an insert that met an existing row counts 0. `bulk`: its statements may be larger than 16 KB,
    so RDS Proxy pins its connections; they have another program name, and should be few.
    """
    url = settings.database_address
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    engine = _mysql_engine(settings, pool or settings.database_pool, bulk)
    if settings.database_iam:
        _use_tokens(engine, settings)
    if count_changed:
        event.listen(engine.sync_engine, "do_connect", _count_changed)
    return engine


def _count_changed(_dialect: object, _record: object, _args: object, params: Any) -> None:
    params["client_flag"] = params.get("client_flag", 0) & ~CLIENT.FOUND_ROWS


def _use_tokens(engine: AsyncEngine, settings: Settings) -> None:
    # botocore takes a quarter of a second to import: only those who need it wait for it.
    from shared.aws.credentials import TaskCredentials  # noqa: PLC0415 - see above
    from shared.db.iam import sign_in_with_tokens  # noqa: PLC0415 - see above

    sign_in_with_tokens(engine, TaskCredentials(), settings.aws_region)


def _mysql_engine(settings: Settings, pool: int, bulk: bool) -> AsyncEngine:
    # `async_creator_fn` among the arguments replaces the driver's connect() and gets all of them;
    # the engine's `async_creator` would get none, and lose FOUND_ROWS with the rest.
    arguments: dict[str, Any] = {
        "async_creator_fn": driver.connect,
        "program_name": BULK_PROGRAM if bulk else PROGRAM,
    }
    if bulk:
        # Only here: on the request path RDS Proxy would pin a session for it.
        arguments["init_command"] = BULK_SESSION
    if settings.database_iam or settings.database_ca:
        arguments["ssl"] = make_context(settings.database_ca)
    engine = create_async_engine(
        settings.database_address.update_query_dict({"charset": "utf8mb4"}),
        connect_args=arguments,
        # What fails is logged, and values of statements are people's addresses and hashes.
        hide_parameters=True,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=BORROW_S,
        pool_recycle=RECYCLE_S,
        # A batch waits for neither a ping before it nor a rollback after its commit: it is tried
        # again where the connection turns out to be gone.
        pool_pre_ping=not bulk,
        pool_reset_on_return=None if bulk else "rollback",
    )
    if bulk:
        _renew_idle(engine)
    event.listen(engine.sync_engine, "handle_error", _leave_wrong_server)
    return engine


def _renew_idle(engine: AsyncEngine) -> None:
    """Replace a pooled connection that was not used for a while when it is asked for."""

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def look(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        since = record.info.pop("idle_since", None)
        if since is not None and time.monotonic() - since > BULK_IDLE_S:
            raise DisconnectionError("idle for long")


def _leave_wrong_server(context: ExceptionContext) -> None:
    arguments = getattr(context.original_exception, "args", ())
    if arguments and arguments[0] in MOVED_ON:
        context.is_disconnect = True


class _ExactSum:
    """SQLite's missing aggregate: the exact sum of decimals kept as text."""

    def __init__(self) -> None:
        self._sum: Decimal | None = None

    def step(self, value: str | None) -> None:
        if value is not None:
            self._sum = EXACT.add(self._sum or Decimal(0), Decimal(value))

    def finalize(self) -> str | None:
        return None if self._sum is None else format(self._sum, "f")


async def _register_exact_sum(connection: Any) -> None:
    # The driver offers functions but no aggregates; its thread must do it.
    register = connection._conn.create_aggregate  # noqa: SLF001 - there is no other way to it
    await connection._execute(register, "exact_sum", 1, _ExactSum)  # noqa: SLF001 - the same


def _sqlite_engine(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": SQLITE_BUSY_S}, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transaction handling begins too late (at the first write).
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        connection.run_async(_register_exact_sum)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that turns from reading to writing can fail at once on SQLite,
        # whatever the timeout: one that means to write says so when it begins.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine

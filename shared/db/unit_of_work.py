"""One unit of work, one transaction. This is the only module that commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from shared.db.engine import WRITES, make_engine
from shared.settings import Settings


class _ReadSession(Session):
    """The synchronous half of a read session."""


class AsyncReadSession(AsyncSession):
    """A session for reading: flushing a change raises."""

    sync_session_class = _ReadSession


@event.listens_for(_ReadSession, "before_flush")
def _refuse(session: Session, *_: Any) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a read session was asked to write; take an AsyncSession")


class Database:
    """An engine, and the two ways to use it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(**{WRITES: True})
        self._read = async_sessionmaker(engine, class_=AsyncReadSession, expire_on_commit=False)
        self._write = async_sessionmaker(self._writing, expire_on_commit=False)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        pool: int | None = None,
        count_changed: bool = False,
        bulk: bool = False,
    ) -> "Database":
        """A database as `settings` say; the rest is as for `make_engine`."""
        return cls(make_engine(settings, pool=pool, count_changed=count_changed, bulk=bulk))

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncReadSession]:
        """A session that only reads."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or rolled back if anything raises."""
        async with self._write() as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection in a transaction, for the ingest batch and bulk work."""
        async with self._writing.begin() as connection:
            yield connection

    async def reachable(self) -> bool:
        """Whether the database answers now."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - whatever it is, it is not reachable
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()

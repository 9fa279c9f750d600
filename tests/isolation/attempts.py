"""Trying something and having it not happened: each attempt is one transaction, undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from shared.db import AsyncReadSession, Database

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Attempts(Database):
    """A database that can undo all that is done while a block runs, whoever commits in it."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._really = self._read, self._write
        self._undoing: AsyncConnection | None = None
        # How many statements wrote, since the beginning.
        self.writes = 0
        event.listen(engine.sync_engine, "before_cursor_execute", self._count)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[AsyncSession]:
        """What every session does until the end of the block is undone then. The session given
        sees it all.
        """
        async with self.engine.connect() as connection:
            outer = await connection.begin()
            self._read = async_sessionmaker(
                connection,
                class_=AsyncReadSession,
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
            )
            self._write = async_sessionmaker(
                connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
            )
            try:
                async with self._write() as session:
                    yield session
            finally:
                self._read, self._write = self._really
                await outer.rollback()

    def _count(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(_WRITES):
            self.writes += 1

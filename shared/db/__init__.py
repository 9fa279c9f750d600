"""The database: engine, sessions, units of work, and what SQLite and MySQL say differently."""

from shared.db.engine import make_engine
from shared.db.scope import scoped
from shared.db.unit_of_work import AsyncReadSession, Database

__all__ = ["AsyncReadSession", "Database", "make_engine", "scoped"]

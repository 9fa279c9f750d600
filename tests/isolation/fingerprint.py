"""Whether anything of an organisation changed: rows and checksums of all its tables."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db import Database
from shared.models import Base

# When something was used is noted with each use.
_NOTED = {"seen_at", "last_used_at"}
# What follows from the audit, whoever reads it first.
_FOLLOWS = {"audit_chain", "audit_seal"}
# How to find the rows of an organisation in a table without its number.
_BY_COLUMN = {
    "person_id": "(SELECT person_id FROM membership WHERE org_id = {org})",
    "device_id": "(SELECT id FROM device WHERE org_id = {org})",
}
_OWN = {"organisation": "id = {org}", "person": "id IN " + _BY_COLUMN["person_id"]}


class Fingerprints:
    """Of one organisation, as it was when this was made. For MariaDB.

    It is looked at by who may read all tables, and sees what others have not committed.
    """

    def __init__(self, engine: AsyncEngine, org_id: int, first: dict[str, tuple[int, int]]) -> None:
        self.org_id = org_id
        self._engine = engine
        self._first = first

    @classmethod
    async def take(cls, database: Database, org_id: int) -> "Fingerprints":
        engine = database.engine.execution_options(isolation_level="READ UNCOMMITTED")
        return cls(engine, org_id, await _fingerprints(engine, org_id))

    async def changed(self) -> tuple[str, ...]:
        """The tables in which something of the organisation is not as it was."""
        now = await _fingerprints(self._engine, self.org_id)
        return tuple(table for table, first in self._first.items() if now[table] != first)


async def _fingerprints(engine: AsyncEngine, org_id: int) -> dict[str, tuple[int, int]]:
    selects = [
        f"SELECT '{table.name}', COUNT(*), COALESCE(SUM(CRC32({_values(table)})), 0)"
        f" FROM {table.name} WHERE {where.format(org=org_id)}"
        for table in cast(Sequence[Table], Base.metadata.sorted_tables)
        if (where := _where(table))
    ]
    async with engine.connect() as connection:
        rows: Sequence[Any] = (await connection.execute(text(" UNION ALL ".join(selects)))).all()
    return {name: (count, int(checksum)) for name, count, checksum in rows}


def _where(table: Table) -> str:
    """Which rows are the organisation's; none: no row of the table is anybody's."""
    if table.name in _FOLLOWS:
        return ""
    if table.name in _OWN:
        return _OWN[table.name]
    if "org_id" in table.c:
        return "org_id = {org}"
    return next(
        (f"{column} IN {found}" for column, found in _BY_COLUMN.items() if column in table.c), ""
    )


def _values(table: Table) -> str:
    values = (f"IFNULL(`{c.name}`, '-')" for c in table.c if c.name not in _NOTED)
    return f"CONCAT_WS('#', {', '.join(values)})"

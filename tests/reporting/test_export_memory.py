from pathlib import Path

from shared.db import Database
from tests.bench.export import measure, store
from tests.support.databases import on_mariadb

# What is asked of the database, other tests ask both.
pytestmark = on_mariadb

ROWS = 60_000
MOST_MIB = 200


async def test_an_export_of_many_rows_needs_little_memory(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    tenant = await store(database, ROWS)
    measured = await measure(database_url, tenant, ROWS, tmp_path)
    assert measured.peak_mib < MOST_MIB

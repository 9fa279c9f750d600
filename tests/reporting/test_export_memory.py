from pathlib import Path

from shared.db import Database
from tests.reporting.bench_export import measure

ROWS = 60_000
MOST_MIB = 200


async def test_an_export_of_many_rows_needs_little_memory(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    measured = await measure(database, database_url, ROWS, tmp_path)
    assert measured.peak_mib < MOST_MIB

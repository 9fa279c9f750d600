from collections.abc import AsyncIterator

import pytest

from shared.db import Database
from shared.settings import Settings


@pytest.fixture(scope="session")
async def counting(settings: Settings) -> AsyncIterator[Database]:
    """A database as ingest uses it: rowcount tells what changed."""
    database = Database.from_settings(settings, pool=3, count_changed=True)
    yield database
    await database.close()

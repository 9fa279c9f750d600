from collections.abc import Iterator

import pytest

from tests.support import databases
from tests.support.mariadb_process import MariadbProcess, mariadb_process


@pytest.fixture(scope="session")
def server() -> Iterator[MariadbProcess]:
    """A MariaDB of these tests' own, which they may hurt."""
    with mariadb_process() as started:
        yield started


@pytest.fixture(autouse=True)
def on_mariadb() -> None:
    """For the closing summary: everything here runs on MariaDB."""
    databases.opened.add("mariadb")

"""Images of the bastion with keys of the tests' own, and containers of them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bastion.image.containers import Images

# They need Docker: `make test-compose` asks for them.
collect_ignore_glob = [] if os.environ.get("FORTRESS_TEST_COMPOSE") else ["test_*.py"]


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    folder: Path = tmp_path_factory.mktemp("bastion")
    made = Images(folder)
    try:
        yield made
    finally:
        made.remove()
        shutil.rmtree(folder, ignore_errors=True)

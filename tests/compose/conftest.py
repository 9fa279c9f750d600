"""One stack for all tests of the folder, from nothing; taken away afterwards."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import figures
from tests.compose.ledger import Front
from tests.compose.stack import Stack, remove_leftovers, tag_images, untag_images
from tests.support.servers import VAR

ASKED = "FORTRESS_TEST_COMPOSE"

# They need Docker and minutes: `make test-compose` asks for them.
collect_ignore_glob = [] if os.environ.get(ASKED) else ["test_*.py"]


def pytest_configure() -> None:
    """Told to end, take the containers away first, as after Ctrl-C."""
    if os.environ.get(ASKED):
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the run came to."""
    if figures.noted:
        terminalreporter.section("compose")
    for line in figures.noted:
        terminalreporter.line(line)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder under var/, which an engine that shares only some folders shares with this one."""
    remove_leftovers()
    made = VAR / f"compose-{os.getpid()}-0"
    made.mkdir(parents=True)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def tag() -> Iterator[str]:
    """The tag of the images that are tried."""
    made = f"test-{os.getpid()}"
    tag_images(made)
    yield made
    untag_images(made)


@pytest.fixture(scope="session")
def stack(place: Path, tag: str) -> Iterator[Stack]:
    """The whole, with the small fleet."""
    made = Stack(place, "main", tag=tag)
    began = time.monotonic()
    try:
        done = made.start("--profile", "fleet")
        assert done.returncode == 0, done.stderr
        figures.note(f"from nothing to all healthy: {time.monotonic() - began:.1f} s")
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def front(stack: Stack) -> Front:
    """A key to everything of the organisation that the fleet belongs to."""
    return Front(stack, stack.fortress("demo")["key"])

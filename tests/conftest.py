"""What tests share: real servers, one a run; a database of each kind, one a worker."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy.engine import make_url

from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.settings import Settings
from shared.web.services import Services
from tests.support import databases, servers

pytest_plugins = [
    "tests.support.through_proxy",
    "tests.support.as_users",
    "tests.support.walked_routes",
]
DATABASE = "database"
_started = ExitStack()
# No example has a time to be done in; where CI is set, hypothesis brings that and more by itself.
hypothesis.settings.register_profile("untimed", deadline=None)
if not os.environ.get("CI"):
    hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Start one MariaDB for the whole run, before its workers, which inherit its address."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if databases.SERVER not in os.environ:
        given = os.environ.get("TEST_DATABASE_URL")
        os.environ[databases.SERVER] = given or _started.enter_context(servers.mariadb())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _started.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on the report which databases the test had, for the closing summary."""
    report = yield
    if call.when == "call":
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        kinds = [kind for kind in databases.KINDS if kind in databases.opened or kind in parameters]
        report.user_properties += [(DATABASE, kind) for kind in kinds]
    if call.when == "teardown":
        databases.opened.clear()
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what ran on which database; nothing is skipped silently."""
    ran: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        if report.when == "call":
            ran.update([kind for name, kind in report.user_properties if name == DATABASE] or [""])
    skipped = len(terminalreporter.stats.get("skipped", []))
    server = make_url(os.environ.get(databases.SERVER, "mysql://none"))
    terminalreporter.section("databases")
    terminalreporter.line(
        f"on MariaDB ({server.host}:{server.port}): {ran['mariadb']} tests passed"
    )
    terminalreporter.line(f"on SQLite: {ran['sqlite']} tests passed")
    terminalreporter.line(f"without a database: {ran['']} tests passed; skipped: {skipped}")


@pytest.fixture(scope="session", params=databases.KINDS)
async def database_url(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    users_of: Callable[[str], AbstractAsyncContextManager[None]],
) -> AsyncIterator[str]:
    """A migrated database: each test that asks for it runs on MariaDB and on SQLite.

    Shared by the tests of a worker: each test makes organisations of its own.
    """
    async with (
        databases.migrated_database(request.param, tmp_path_factory.mktemp("db")) as url,
        users_of(url),
    ):
        yield url


@pytest.fixture(scope="session")
def settings(database_access: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings as an app has them: under `--through-proxy` it does not reach MariaDB directly."""
    files = tmp_path_factory.mktemp("files")
    return Settings(storage_url=f"file://{files}", **database_access)


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database.from_settings(settings)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def services(settings: Settings, database: Database) -> AsyncIterator[Services]:
    """What apps work with; shared, so that each app is made once. See `browsing.make_apps`."""
    bus = MemoryBus()
    yield Services(settings, database, bus, SystemClock())
    await bus.close()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with servers.valkey() as url:
        yield url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the project; a test that needs it fails with its name."""
    folder = servers.ROOT.parent / "shared" / "data"
    assert folder.is_dir(), f"the data folder {folder} is missing"
    return folder

"""`pytest --as-users`: apps reach MariaDB as their own database users, with their grants.

What a test writes and reads by itself goes in as root. The closing summary says of each user
what it was refused and what it needed; `--as-users=all` fails where a privilege was needed by no
test: then it should not be there.
"""

import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from aiomysql import Connection
from pymysql.constants import ER
from pymysql.err import MySQLError
from sqlalchemy import text
from sqlalchemy.engine import make_url

from migrations.grants import APPS, GRANTS
from migrations.users import Accounts, apply
from shared.db import Database
from shared.db.driver import SafeConnection
from shared.ids import new_id
from shared.settings import Settings
from shared.web import services as web
from shared.web.services import Services
from tests.support.needs import Need, covers, needs

OPTION = "--as-users"
FOUND = "as_users"
PASSWORD = "as-good-as-none"
DENIED = {ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR}
S = TypeVar("S", bound=Settings)


@dataclass
class Seen:
    """What users sent: by app, what it needs, and what was refused (an app on purpose, if ever)."""

    statements: int = 0
    needed: dict[str, set[Need]] = field(default_factory=lambda: defaultdict(set))
    refused: list[str] = field(default_factory=list)


_seen = Seen()
_totals: list[Seen] = []
# By the URL of the tests' own connection: how each app reaches the same database.
_reached: dict[str, dict[str, str]] = {}
_apps: dict[str, str] = {}
_opened: dict[tuple[str, str], Database] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        OPTION,
        nargs="?",
        const="some",
        choices=("some", "all"),
        help="apps are their own database users; all: what no test needs fails",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(OPTION):
        # Apps take it by its name: those that a conftest has imported already have it.
        for module in [web, *sys.modules.values()]:
            if getattr(module, "provide", None) is _really_provide:
                module.__dict__["provide"] = _provide
        SafeConnection.query = _query


def url_for(app: str, url: str) -> str:
    """How `app` reaches the database of `url` in this run."""
    return _reached.get(url, {}).get(app, url)


@pytest.fixture(scope="session")
def users_of(
    request: pytest.FixtureRequest,
) -> Callable[[str], AbstractAsyncContextManager[None]]:
    """The apps' users on the database of a URL while a block runs, if this run has them."""
    asked = bool(request.config.getoption(OPTION))
    return lambda url: _users_of(url) if asked and url.startswith("mysql") else nullcontext()


@asynccontextmanager
async def _users_of(url: str) -> AsyncIterator[None]:
    root = Database.from_settings(Settings(database_url=url), pool=1)
    accounts = Accounts(
        passwords=dict.fromkeys(APPS, PASSWORD),
        tls=False,
        prefix=new_id("u")[-10:].lower() + "_",
        host=await seen_as(root),
    )
    await apply(root, accounts)
    for app in APPS:
        address = make_url(url).set(username=f"{accounts.prefix}{app}", password=PASSWORD)
        _apps[str(address.username)] = app
        _reached.setdefault(url, {})[app] = address.render_as_string(hide_password=False)
    try:
        yield
    finally:
        for (of, _), database in list(_opened.items()):
            if of == url:
                await database.close()
        await drop(root, accounts)
        await root.close()


async def seen_as(database: Database) -> str:
    """The host that the server sees us come from: a user of it goes before one of any host."""
    async with database.read() as session:
        return str(await session.scalar(text("SELECT SUBSTRING_INDEX(USER(), '@', -1)")))


async def drop(database: Database, accounts: Accounts) -> None:
    async with database.transaction() as connection:
        for app in accounts.listed():
            await connection.execute(text(f"DROP USER {accounts.name(app)}"))


class AsUser(Services):
    """Services whose database is reached as an app's user; all else is those it was made of."""

    def __init__(self, of: Services, settings: Settings, database: Database) -> None:
        self.__dict__.update(of=of, settings=settings, database=database)

    def __getattribute__(self, name: str) -> Any:
        own = name in ("settings", "database", "__dict__") or callable(getattr(Services, name, 0))
        return object.__getattribute__(self, name) if own else getattr(self.__dict__["of"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["of"], name, value)


def as_user(services: Services, app: str) -> Services:
    """`services` as `app` has them in this run."""
    given = services.settings.database_url
    url = url_for(app, given)
    if url == given:
        return services
    settings = services.settings.model_copy(update={"database_url": url})
    if (given, app) not in _opened:
        _opened[given, app] = Database.from_settings(settings)
    return AsUser(services, settings, _opened[given, app])


_really_provide = web.provide


def _provide(kind: type[S], settings: S | None, services: Services | None) -> Services:
    app = kind.__module__.split(".")[1]
    return _really_provide(kind, settings, services and as_user(services, app))


async def _query(self: SafeConnection, sql: str | bytes, unbuffered: bool = False) -> Any:
    app = _apps.get(self.user.decode() if isinstance(self.user, bytes) else self.user)
    if app is None:
        return await Connection.query(self, sql, unbuffered)
    statement = sql if isinstance(sql, str) else sql.decode("utf-8", "replace")
    _seen.statements += 1
    try:
        result = await Connection.query(self, sql, unbuffered)
    except MySQLError as error:
        if error.args and error.args[0] in DENIED:
            test = os.environ.get("PYTEST_CURRENT_TEST", "")
            _seen.refused.append(f"{app}: {error.args[1]}: {statement[:300]} ({test})")
        raise
    _seen.needed[app] |= needs(statement)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not session.config.getoption(OPTION):
        return
    _totals.append(_seen)
    if hasattr(session.config, "workeroutput"):
        # Plain tuples: a worker hands over nothing else.
        needed = {app: [tuple(need) for need in found] for app, found in _seen.needed.items()}
        session.config.workeroutput[FOUND] = [_seen.statements, needed, _seen.refused]
    elif session.exitstatus == pytest.ExitCode.OK and _wrong(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist saw."""
    statements, needed, refused = getattr(node, "workeroutput", {}).get(FOUND, (0, {}, []))
    found = {app: {Need(*need) for need in some} for app, some in needed.items()}
    _totals.append(Seen(statements, defaultdict(set, found), refused))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    config = terminalreporter.config
    if not config.getoption(OPTION):
        return
    terminalreporter.section("as the apps' own database users")
    statements = sum(total.statements for total in _totals)
    refused = [line for total in _totals for line in total.refused]
    terminalreporter.line(f"{statements} statements; refused: {len(refused)}")
    for line in sorted(set(_wrong(config))):
        terminalreporter.line(f"FAILED {line}", red=True)


def _wrong(config: pytest.Config) -> list[str]:
    wrong = [f"refused {line}" for total in _totals for line in total.refused]
    if not sum(total.statements for total in _totals):
        wrong.append("nothing was sent as one of them, so nothing is proven")
    if config.getoption(OPTION) == "all":
        wrong += unused({app: _all(app) for app in APPS})
    return wrong + [
        f"{app} locks or alters without what MySQL wants for it: {need.table} {need.privilege}"
        for app in APPS
        for need in sorted(_all(app))
        if not covers(GRANTS[app].get(need.table, frozenset()), need)
    ]


def unused(needed: dict[str, Iterable[Need]]) -> list[str]:
    """Privileges of apps that nothing in `needed` asks for (of people nobody knows)."""
    return [
        f"{app} needs no {privilege} ({column or 'all'}) on {table}"
        for app in APPS
        for table, some in GRANTS[app].items()
        for privilege, column in sorted(some)
        if not any(need.uses(table, privilege, column) for need in needed[app])
    ]


def _all(app: str) -> set[Need]:
    return {need for total in _totals for need in total.needed.get(app, ())}

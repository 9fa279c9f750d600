"""`pytest --through-proxy`: apps reach MariaDB through the stand-in for RDS Proxy, signing in with
IAM tokens over TLS, and the run fails when a statement would pin.

Migrations, and tests that make a database of their own, go to the server itself.
"""

import asyncio
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest
import trustme
from sqlalchemy.engine import make_url

from shared.db.engine import BULK_PROGRAM
from tests.standins.rds_proxy import Pin, Seen, rds_proxy
from tests.standins.tokens import AccessKey

OPTION = "--through-proxy"
KEY = AccessKey("AKIDTESTRUN", "not-a-secret/of+anyone", "session/token+of==")
# What a worker of pytest-xdist hands over, and the totals of all workers.
FOUND = "through_proxy"
_seen = Seen()
_totals: list[dict[str, Any]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        OPTION, action="store_true", help="go through the stand-in for RDS Proxy; nothing may pin"
    )


@pytest.fixture(scope="session")
def database_access(
    request: pytest.FixtureRequest, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The settings with which an app reaches the database in this run."""
    if not request.config.getoption(OPTION) or not database_url.startswith("mysql"):
        yield {"database_url": database_url}
        return
    ca = tmp_path_factory.mktemp("proxy") / "ca.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca))
    with pytest.MonkeyPatch.context() as environment, _in_thread(database_url, authority) as url:
        environment.setenv("AWS_ACCESS_KEY_ID", KEY.id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret)
        environment.setenv("AWS_SESSION_TOKEN", KEY.session_token or "")
        yield {"database_url": url, "database_iam": True, "database_ca": ca}


@contextmanager
def _in_thread(url: str, authority: trustme.CA) -> Iterator[str]:
    """A stand-in on an event loop of its own, so that a test that blocks does not block it."""
    ready = threading.Event()
    ended: list[asyncio.Event] = []
    address: list[str] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        ended.append(asyncio.Event())
        more: dict[str, Any] = {
            "key": KEY,
            "seen": _seen,
            # The ingest writer's batches are larger than 16 KB by nature.
            "may_pin": frozenset({BULK_PROGRAM}),
        }
        async with rds_proxy(url, authority, **more) as proxy:
            address.append(proxy.url(make_url(url).database))
            ready.set()
            await ended[0].wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(20), "the stand-in for RDS Proxy did not start"
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(ended[0].set)
        thread.join(20)
        loop.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Fail the run when something pinned, or when nothing went through the stand-in at all."""
    if session.config.getoption(OPTION):
        _totals.append(asdict(_seen))
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[FOUND] = asdict(_seen)
        elif session.exitstatus == pytest.ExitCode.OK and (_pins() or not _sum("statements")):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist saw."""
    _totals.append(getattr(node, "workeroutput", {}).get(FOUND, asdict(Seen())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not terminalreporter.config.getoption(OPTION):
        return
    terminalreporter.section("through RDS Proxy's stand-in")
    terminalreporter.line(
        f"{_sum('statements')} statements on {len(_all('sign_ins'))} connections, each signed in "
        f"with a token; refused: {len(_all('refused'))}; pinned: {len(_pins())}; "
        f"allowed to {BULK_PROGRAM}: {_sum('exempt')}"
    )
    if not _sum("statements"):
        terminalreporter.line("FAILED: nothing went through it, so nothing is proven", red=True)
    # A test that pins tends to do so many times: its first statement tells what to change.
    for (test, program), pins in _by_test().items():
        more = f" (and {len(pins) - 1} more)" if len(pins) > 1 else ""
        text = f"FAILED {test}: {program}: {pins[0].reason}: {pins[0].statement}{more}"
        terminalreporter.line(text, red=True)


def _by_test() -> dict[tuple[str, str], list[Pin]]:
    found: dict[tuple[str, str], list[Pin]] = {}
    for pin in _pins():
        found.setdefault((pin.test, pin.program), []).append(pin)
    return found


def _sum(name: str) -> int:
    return sum(total[name] for total in _totals)


def _all(name: str) -> list[Any]:
    return [item for total in _totals for item in total[name]]


def _pins() -> list[Pin]:
    return [Pin(**pin) for pin in _all("pins")]

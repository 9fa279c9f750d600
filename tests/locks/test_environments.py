"""Each app runs with what its own lock installs: an undeclared dependency is found here."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lock import APPS, DEV, LOCKS, UV
from tests.support import servers

FREE = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
# Every module of a package, so that also what is imported late is found.
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [found.name for found in pkgutil.walk_packages(package.__path__, sys.argv[1] + ".")]
names = [name for name in names if not name.endswith("__main__") and name != "migrations.env"]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
PACKAGES = {app: f"apps.{app}" for app in APPS} | {"migrations": "migrations"}


def pins(name: str) -> dict[str, str]:
    """Package → version in a lock."""
    lines = (LOCKS / f"{name}.txt").read_text().splitlines()
    found = (line.split(" ")[0].split("==") for line in lines if "==" in line[:80])
    return {pin[0]: pin[1] for pin in found if len(pin) == 2}


def run(*command: str | Path, **variables: str) -> str:
    """What `command` prints; what went wrong is the failure's message."""
    environment = {name: value for name, value in os.environ.items() if name not in FREE}
    done = subprocess.run(
        command,
        cwd=servers.ROOT,
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


@pytest.fixture(params=APPS)
def bare(request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    """An app, and the interpreter of an environment that has its lock and nothing else.

    It stays in var/ (syncing it again makes it exact again), for one run at a time.
    """
    app: str = request.param
    folder = servers.VAR / "locks" / f"{app}-{sys.version_info.major}.{sys.version_info.minor}"
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "env/bin/python"
    lock = LOCKS / f"{app}.txt"
    with (folder / "in-use").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        run(UV, "venv", "-q", "--allow-existing", "--python", sys.executable, folder / "env")
        run(UV, "pip", "sync", "-q", "--require-hashes", "--python", python, lock)
        yield app, python


@pytest.mark.timeout(300)
def test_an_app_imports_in_an_environment_of_its_own_lock(bare: tuple[str, Path]) -> None:
    app, python = bare
    printed = run(
        *(python, "-W", "error", "-c", IMPORT_ALL, PACKAGES[app]),
        PYTHONPATH=str(servers.ROOT),
    )
    assert int(printed) > 0


def test_every_app_has_a_lock() -> None:
    folders = {path.parent.name for path in (servers.ROOT / "apps").glob("*/__init__.py")}
    assert {*APPS} == folders | {"migrations"}
    assert {path.stem for path in LOCKS.glob("*.txt")} == {*APPS, DEV}


@pytest.mark.parametrize("app", APPS)
def test_what_is_shipped_is_what_was_tested(app: str) -> None:
    assert pins(app).items() <= pins(DEV).items()


@pytest.mark.parametrize("app", ["ingest", "migrations", "fleet"])
def test_what_serves_no_http_carries_no_web_framework(app: str) -> None:
    assert pins(app).keys().isdisjoint({"fastapi", "starlette", "uvicorn"})
    assert pins("api").keys() >= {"fastapi", "starlette", "uvicorn"}


@pytest.mark.parametrize("name", [*APPS, DEV])
def test_a_lock_names_no_address(name: str) -> None:
    assert "://" not in (LOCKS / f"{name}.txt").read_text()

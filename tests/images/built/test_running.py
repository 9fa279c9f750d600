"""How containers start, answer for their health, and end."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.images.engine import Engine, EngineError
from scripts.images.measure import RESTRAINED, migrated
from scripts.images.plan import IMAGES, Image

APPS = [image for image in IMAGES if 9090 in image.serves]
BY_NAME = {image.name: image for image in IMAGES}
DATABASE = "FORTRESS_DATABASE_URL=sqlite+aiosqlite:////data/fortress.db"
SOON_S = 30.0


@pytest.fixture(scope="module")
def data(engine: Engine) -> Iterator[Path]:
    with migrated(engine, BY_NAME["migrations"]) as folder:
        yield folder


@pytest.fixture(params=APPS, ids=lambda image: image.name)
def app(request: pytest.FixtureRequest) -> Image:
    found: Image = request.param
    return found


@contextmanager
def running(engine: Engine, image: Image, data: Path) -> Iterator[str]:
    """A container of the image, with a health check that is quick to know."""
    container = engine.call(
        "run", "-d", *RESTRAINED, f"--volume={data}:/data", "-e", DATABASE,
        "--health-interval=1s", image.tag,
    ).strip()  # fmt: skip
    try:
        yield container
    finally:
        engine.call("rm", "--force", "--volumes", container)


def state(engine: Engine, container: str, health: str) -> str:
    """Wait until the container's health is `health`; returns what it was in the end."""
    deadline = time.monotonic() + SOON_S
    while (found := str(engine.inspect(container)["State"]["Health"]["Status"])) != health:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return found


def refusal(engine: Engine, *arguments: str) -> str:
    with pytest.raises(EngineError) as refused:
        engine.call("run", "--rm", *RESTRAINED, *arguments)
    return str(refused.value)


def test_an_app_becomes_healthy_and_ends_cleanly(engine: Engine, app: Image, data: Path) -> None:
    with running(engine, app, data) as container:
        assert state(engine, container, "healthy") == "healthy"
        engine.call("stop", "--time=30", container)
        assert engine.inspect(container)["State"]["ExitCode"] == 0
        assert "Read-only file system" not in engine.call("logs", container)


@pytest.mark.parametrize("shell", ["sh", "/bin/sh", "/bin/bash", "/usr/bin/env", "apt-get", "pip"])
def test_there_is_no_shell_to_run(engine: Engine, shell: str) -> None:
    said = refusal(engine, f"--entrypoint={shell}", BY_NAME["api"].tag)
    assert re.search("no such file or directory|not found", said)


def test_a_missing_secret_stops_the_start_with_one_sentence(engine: Engine, app: Image) -> None:
    said = refusal(engine, "-e", "FORTRESS_ENVIRONMENT=production", "-e", DATABASE, app.tag)
    assert said == "FORTRESS_SECRET still has its development value; set a random one"


def test_migrations_end_with_what_they_did(engine: Engine, data: Path) -> None:
    said = engine.call(
        "run", "--rm", *RESTRAINED, f"--volume={data}:/data", "-e", DATABASE,
        BY_NAME["migrations"].tag,
    )  # fmt: skip
    assert "migrated from" in said


def test_a_database_of_a_newer_version_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    tag = BY_NAME["migrations"].tag
    on = (f"--volume={tmp_path}:/data", "-e", DATABASE)
    engine.call("run", "--rm", *RESTRAINED, *on, tag)
    raise_version = (
        "import sqlite3; c = sqlite3.connect('/data/fortress.db');"
        "c.execute(\"UPDATE alembic_version SET version_num = '9999'\"); c.commit()"
    )
    engine.call("run", "--rm", *RESTRAINED, *on, tag, "python", "-c", raise_version)
    said = refusal(engine, *on, tag)
    assert said.startswith("the database is at 9999")
    assert "newer Fortress" in said
    assert "\n" not in said

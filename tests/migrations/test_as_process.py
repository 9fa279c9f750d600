"""`python -m migrations`, as a container runs it."""

import os
import subprocess
import sys
from pathlib import Path

from migrations.revision import newest
from tests.support.servers import ROOT


def migrate(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "migrations", *arguments],
        cwd=ROOT,
        env=os.environ | {"FORTRESS_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_migrates_and_says_from_where_to_where(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/fortress.db"
    first, second = migrate(url), migrate(url)
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"migrated from nothing to {newest()}\n"
    assert second.stdout == f"migrated from {newest()} to {newest()}\n"


def test_it_goes_to_the_revision_that_is_asked_for(tmp_path: Path) -> None:
    done = migrate(f"sqlite+aiosqlite:///{tmp_path}/fortress.db", "0001")
    assert done.stdout == "migrated from nothing to 0001\n"


def test_a_database_that_does_not_answer_is_one_sentence() -> None:
    done = migrate("mysql+aiomysql://nobody:x@127.0.0.1:1/none")
    assert done.returncode == 1
    assert done.stderr.startswith("the database does not answer")
    assert done.stderr.count("\n") == 1


def test_an_unusable_setting_is_one_sentence() -> None:
    done = migrate("postgresql://nowhere/x")
    assert done.returncode == 1
    assert done.stderr.startswith("FORTRESS_DATABASE_URL: postgresql is not supported")
    assert done.stderr.count("\n") == 1

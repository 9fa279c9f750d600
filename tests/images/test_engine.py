"""`scripts/engine` with clients of the tests' own: what it says where there is no engine."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import ROOT

NOBODY = "echo 1000"
# Answers, builds, has one image, and can pull nothing.
CLIENT = """case "$1 $2" in
"image inspect") [ "$3" = there:1 ] ;;
"pull "*) echo "no route" >&2; exit 1 ;;
esac"""


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    program(tmp_path, "id", NOBODY)
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def engine(bin_folder: Path, *images: str) -> subprocess.CompletedProcess[str]:
    """Run it with programs of `bin_folder` before all others, and `docker` from there alone."""
    return subprocess.run(
        [ROOT / "scripts/engine", *images],
        env={
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "DOCKER": str(bin_folder / "docker"),
            "TMPDIR": str(bin_folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_engine_it_says_in_one_sentence_what_to_do(bin_folder: Path) -> None:
    done = engine(bin_folder)
    assert done.returncode == 1
    assert done.stderr.startswith("No Docker engine answers: start one")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_client_that_cannot_build_is_not_taken(bin_folder: Path) -> None:
    program(bin_folder, "docker", '[ "$1" = info ]')
    assert engine(bin_folder).returncode == 1


def test_it_prints_the_client_that_is_answered(bin_folder: Path) -> None:
    program(bin_folder, "docker", CLIENT)
    done = engine(bin_folder, "there:1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{bin_folder}/docker\n"


def test_an_image_that_cannot_be_had_is_named(bin_folder: Path) -> None:
    program(bin_folder, "docker", CLIENT)
    done = engine(bin_folder, "there:1", "nowhere/missing:1")
    assert done.returncode == 1
    assert done.stderr == (
        "The image nowhere/missing:1 cannot be pulled: run `docker pull nowhere/missing:1`"
        " and read why.\n"
    )

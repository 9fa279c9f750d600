"""Images can be built for both kinds of processor that the platform has."""

import subprocess
from pathlib import Path

import pytest

from scripts.images.engine import ROOT
from scripts.images.plan import IMAGES
from scripts.lock import UV

LOCKS = [ROOT / "locks" / f"{image.name}.txt" for image in IMAGES if not image.from_nothing]


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_of_a_lock_is_there_compiled(
    lock: Path, processor: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            UV, "pip", "install", "--dry-run", "-q", f"--target={tmp_path}",
            "--python-version=3.13", f"--python-platform={processor}-manylinux_2_36",
            "--only-binary=:all:", "--require-hashes", "--no-deps", "-r", lock,
        ],
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_dockerfile_names_no_processor() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert not [name for name in ("x86", "amd64", "aarch64", "arm64") if name in text]

"""Templates of all environments: synthesised once for all workers, again when infra/ changes."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.infra.cloud import Cloud

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "var" / "test" / "synth"
OLD_S = 3600
# No credentials, and no way to anything that could be asked.
NOWHERE = dict.fromkeys(
    ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:1"
)
OFFLINE = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | NOWHERE
Template = dict[str, Any]
Found = dict[str, Template]


def _key() -> str:
    """Equal for equal templates: all that infra/ is made of, and what makes it."""
    digest = hashlib.sha256(version("aws-cdk-lib").encode() + version("cdk-nag").encode())
    for file in sorted((ROOT / "infra").rglob("*")):
        if file.suffix in {".py", ".toml", ".json"}:
            digest.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _synthesise(out: Path) -> None:
    made = out.with_suffix(".new")
    shutil.rmtree(made, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "infra.app", "--out", str(made)],
        cwd=ROOT,
        env=OFFLINE,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    for old in CACHE.glob("*"):
        # A younger one may be read by another run.
        if old.is_dir() and time.time() - old.stat().st_mtime > OLD_S:
            shutil.rmtree(old, ignore_errors=True)
    # Findings of rules have a test of their own; the templates are there all the same.
    if not (made / "delivery" / "manifest.json").exists():
        pytest.fail(f"infra.app:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}", pytrace=False)
    made.rename(out)


@pytest.fixture(scope="session")
def synthesised() -> Path:
    """The folder with a folder for each environment and for `delivery`, as `infra.app` writes."""
    out = CACHE / _key()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            _synthesise(out)
    return out


@pytest.fixture(scope="session")
def templates(synthesised: Path) -> Found:
    """Every template by its stack's name, as `fortress-production-network`."""
    return {
        file.name.removesuffix(".template.json"): json.loads(file.read_bytes())
        for file in sorted(synthesised.glob("*/*.template.json"))
    }


@pytest.fixture(scope="session")
def manifests(synthesised: Path) -> Found:
    """Every manifest by its environment's name."""
    return {
        file.parent.name: json.loads(file.read_bytes())
        for file in sorted(synthesised.glob("*/manifest.json"))
    }


@pytest.fixture(scope="session")
def resources(templates: Found) -> Callable[..., dict[str, Any]]:
    """`resources(stack, "AWS::S3::Bucket")`: the resources of a type by logical id."""

    def found(stack: str, kind: str) -> dict[str, Any]:
        return {
            name: resource
            for name, resource in templates[stack]["Resources"].items()
            if resource["Type"] == kind
        }

    return found


@pytest.fixture(scope="session", params=["staging", "production"])
def environment_name(request: pytest.FixtureRequest) -> str:
    """Each environment in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def cloud(templates: Found, environment_name: str) -> Cloud:
    """The templates of each environment in turn, references followed; not to be changed."""
    return Cloud(templates, environment_name, settled=True)

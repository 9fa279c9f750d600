"""`python -m scripts.lock [--check | --upgrade]`: one hashed lock an app, and one for development.

What is pinned stays pinned unless it has to change, or `--upgrade` asks for current releases. The
apps' locks take their versions from locks/dev.txt: what was tested is what is shipped. A lock
names no index: where packages come from is the business of the machine that installs.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
UV = Path(sys.executable).with_name("uv")
DEV = "dev"
APPS = (
    "administration",
    "api",
    "billing",
    "cli",
    "dashboarding",
    "fleet",
    "ingest",
    "local",
    "loyalty",
    "migrations",
    "reporting",
)
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--python-version=3.11",
)


def compile_lock(name: str, folder: Path, pins: Path | None) -> Path:
    """Write the lock of the extra `name` into `folder`, with the versions in `pins` kept.

    Raises `CalledProcessError` when it cannot be resolved, with uv's words in `stderr`.
    """
    made = folder / f"{name}.txt"
    if pins is not None and pins.exists():
        shutil.copyfile(pins, made)
    command: list[str | Path] = [
        UV,
        "pip",
        "compile",
        "-q",
        "pyproject.toml",
        "--extra",
        name,
        *OPTIONS,
        "-o",
        made,
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - our own arguments
    return made


def compile_all(folder: Path, *, upgrade: bool) -> None:
    """Write every lock into `folder`."""
    pins = compile_lock(DEV, folder, None if upgrade else LOCKS / f"{DEV}.txt")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: compile_lock(name, folder, pins), APPS))


def problems(folder: Path) -> list[str]:
    """What is wrong with the locks, compared with fresh ones in `folder`."""
    names = sorted((*APPS, DEV))
    present = {path.stem for path in LOCKS.glob("*.txt")}
    found = [f"locks/{name}.txt belongs to no extra" for name in sorted(present - {*names})]
    for name in names:
        lock = LOCKS / f"{name}.txt"
        text = lock.read_text() if lock.exists() else ""
        if text != (folder / f"{name}.txt").read_text():
            found.append(f"locks/{name}.txt is stale: run `make lock`")
        if "://" in text:
            found.append(f"locks/{name}.txt names an address")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.lock", description="Write the locks.")
    parser.add_argument("--check", action="store_true", help="only say which are stale")
    parser.add_argument("--upgrade", action="store_true", help="take current releases")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            compile_all(folder, upgrade=given.upgrade)
        except subprocess.CalledProcessError as error:
            sys.stdout.write(f"the locks could not be resolved:\n{error.stderr}")
            return 1
        if given.check:
            found = problems(folder)
            sys.stdout.writelines(f"{line}\n" for line in found or ["locks are current"])
            return bool(found)
        for path in folder.glob("*.txt"):
            shutil.copyfile(path, LOCKS / path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m scripts.images [name…]`: builds images, measures them, lists what is in them.

Prints one table: what each adds to its base and how soon it is ready, against the limits. Exit code
1 when one is too large, does not start or could not be built, with --strict also when one is too
slow: that depends on the machine. Software bills of materials go to var/sbom.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.images import sbom
from scripts.images.engine import ROOT, Engine, EngineError, provide
from scripts.images.inside.inventory import debian
from scripts.images.measure import measure, migrated
from scripts.images.plan import BASE, IMAGES, Image, Measured, table

INVENTORY = Path(__file__).parent / "inside" / "inventory.py"
BILLS = ROOT / "var" / "sbom"
MIGRATIONS = next(image for image in IMAGES if image.name == "migrations")


def version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: str = tomllib.load(file)["project"]["version"]
    return found


def revision() -> tuple[str, int]:
    """The commit and its time in epoch seconds; nothing and 1980 outside a repository."""
    done = subprocess.run(
        ["git", "log", "-1", "--format=%H %ct"],  # noqa: S607 - whichever git there is
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    commit, _, seconds = done.stdout.strip().partition(" ")
    return commit, int(seconds or 315_532_800)


def build_arguments(base: str) -> dict[str, str]:
    """What every build is told. The same commit gives the same arguments."""
    commit, seconds = revision()
    return {
        "BASE_IMAGE": base,
        "VERSION": version(),
        "REVISION": commit or "unknown",
        "CREATED": rfc3339(seconds),
        "SOURCE_DATE_EPOCH": str(seconds),
    }


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def build(engine: Engine, image: Image, arguments: dict[str, str], *options: str) -> float:
    """Build one image; returns the seconds it took."""
    began = time.monotonic()
    engine.build(image.tag, image.context, arguments | {"APP": image.name}, *options)
    return time.monotonic() - began


def own_inventory(engine: Engine, image: Image) -> dict[str, Any]:
    """What is in the image, as its own Python says."""
    said = engine.call(
        "run", "--rm", "-i", "--network=none", "--read-only", "--entrypoint=python", image.tag, "-",
        stdin=INVENTORY.read_text(),
    )  # fmt: skip
    found: dict[str, Any] = json.loads(said)
    return found


def files_inventory(engine: Engine, image: Image) -> dict[str, Any]:
    """What is in an image without Python, as dpkg's list in it says."""
    container = engine.call("create", image.tag).strip()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for file in ("/var/lib/dpkg/status", "/usr/lib/os-release"):
                engine.call("cp", f"{container}:{file}", folder)
            status = Path(folder, "status").read_text("utf-8")
            release = Path(folder, "os-release").read_text("utf-8")
    finally:
        engine.call("rm", "--force", "--volumes", container)
    names = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    system = {"id": names["ID"].strip('"'), "version": names.get("VERSION_ID", "").strip('"')}
    return {"python": "", "system": system, "packages": [], "debian": debian(status)}


def write_bill(engine: Engine, image: Image) -> Path:
    """List what is in the image in var/sbom."""
    about = engine.inspect(image.tag)
    document = sbom.bill(
        image=f"fortress/{image.name}",
        version=version(),
        digest=about["Id"],
        created=about["Config"]["Labels"]["org.opencontainers.image.created"],
        inventory=files_inventory(engine, image)
        if image.from_nothing
        else own_inventory(engine, image),
    )
    BILLS.mkdir(parents=True, exist_ok=True)
    path = BILLS / f"{image.name}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path


def build_all(engine: Engine, base: str, images: list[Image]) -> None:
    """Build the images."""
    arguments = build_arguments(base)
    # The first fills the caches that the others share; two at a time keep network and CPU busy.
    wanted = [image for image in images if image is not MIGRATIONS]
    for seconds, image in [(build(engine, MIGRATIONS, arguments), MIGRATIONS)]:
        tell(image, seconds)
    with ThreadPoolExecutor(2) as pool:
        took = pool.map(lambda image: build(engine, image, arguments), wanted)
        for image, seconds in zip(wanted, took, strict=True):
            tell(image, seconds)


def measure_all(engine: Engine, base: str, images: list[Image]) -> list[Measured]:
    """Measure and list one after the other, on a machine that does nothing else."""
    size = engine.inspect(base)["Size"]
    with migrated(engine, MIGRATIONS) as data:
        found = [measure(engine, image, size, data) for image in images]
    for image in images:
        write_bill(engine, image)
    return found


def tell(image: Image, seconds: float) -> None:
    sys.stdout.write(f"built {image.tag} in {seconds:.1f} s\n")
    sys.stdout.flush()


def main() -> int:
    names = [image.name for image in IMAGES]
    parser = argparse.ArgumentParser(prog="python -m scripts.images", description="Build images.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(names)}")
    parser.add_argument("--build-only", action="store_true", help="measure and list nothing")
    parser.add_argument("--strict", action="store_true", help="fail where a start is too slow")
    given = parser.parse_args()
    if unknown := set(given.names) - set(names):
        parser.error(f"no such image: {', '.join(sorted(unknown))}")
    base = os.environ.get("BASE_IMAGE", BASE)
    images = [image for image in IMAGES if not given.names or image.name in given.names]
    began = time.monotonic()
    try:
        engine = provide(base)
        build_all(engine, base, images)
        if given.build_only:
            return 0
        found = measure_all(engine, base, images)
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"\n{table(found)}\nbills of materials in {BILLS.relative_to(ROOT)}/\n")
    sys.stdout.write(f"all in {time.monotonic() - began:.0f} s\n")
    return int(any(one.fails(strict=given.strict) for one in found))


if __name__ == "__main__":
    sys.exit(main())

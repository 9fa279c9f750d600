"""What is in each image, and what is not."""

import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from scripts.images.engine import ROOT, Engine
from scripts.images.inside.inventory import normal
from scripts.images.plan import IMAGES, Image

PYTHON = [image for image in IMAGES if not image.from_nothing]
PINNED = re.compile(r"^[A-Za-z0-9][^\\\n]*==[^\\\n]*", re.MULTILINE)
MARKERS = {"python_version": "3.13", "python_full_version": "3.13.5", "sys_platform": "linux"}
ALONE = {"cli": ["api", "cli", "fleet", "local"], "migrations": []}


def locked(name: str) -> dict[str, str]:
    """Package → version that the lock of `name` gives Python 3.13 on Linux."""
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    found = [Requirement(line.strip()) for line in PINNED.findall(text)]
    wanted = [one for one in found if one.marker is None or one.marker.evaluate(dict(MARKERS))]
    return {normal(one.name): str(one.specifier).removeprefix("==") for one in wanted}


def test_an_image_holds_its_lock_and_nothing_else(
    python_image: Image, facts: dict[str, Any]
) -> None:
    installed = {normal(name): version for name, version in facts["installed"].items()}
    assert installed == locked(python_image.name)


def test_there_is_no_program_but_python(facts: dict[str, Any]) -> None:
    assert facts["programs"]
    assert all(name.startswith("python") for name in facts["programs"])
    assert facts["setuid"] == []


def test_it_runs_as_a_user_who_may_write_nothing(facts: dict[str, Any]) -> None:
    assert facts["uid"] == 10_001
    assert 0 not in facts["groups"]
    assert facts["writable"] == []
    assert facts["read_only"]


def test_a_volume_at_tmp_is_the_users_to_write(facts: dict[str, Any]) -> None:
    assert facts["scratch"]


def test_all_is_compiled_for_good(facts: dict[str, Any]) -> None:
    assert facts["sources"] == []
    assert facts["uncompiled"] == []
    assert facts["flags"] == [1]


def test_nothing_says_when_it_was_built(facts: dict[str, Any]) -> None:
    assert facts["times"] == [315_532_800]


def test_an_image_has_the_code_of_its_own_app_alone(
    python_image: Image, facts: dict[str, Any]
) -> None:
    apps = [name for name in facts["apps"] if name != "__pycache__"]
    assert apps == ALONE.get(python_image.name, [python_image.name])
    authorities = ["ca"] if python_image.name in ("cli", "migrations") else []
    assert facts["top"] == ["apps", *authorities, "migrations", "shared"]


def test_labels_say_what_it_is(engine: Engine, image: Image, base: str) -> None:
    labels = engine.inspect(image.tag)["Config"]["Labels"]
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == f"fortress/{image.name}"
    assert labels[f"{prefix}base.name"] == base
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels[f"{prefix}revision"])
    assert labels[f"{prefix}created"].endswith("Z")
    assert image.name in labels[f"{prefix}description"] or image.from_nothing


def test_it_keeps_no_secret_of_the_build(engine: Engine, image: Image) -> None:
    said = engine.call("history", "--no-trunc", "--format={{.CreatedBy}}", image.tag)
    environment = engine.inspect(image.tag)["Config"]["Env"]
    assert "PROXY" not in said.upper()
    assert not [line for line in environment if "SECRET" in line or "PASSWORD" in line]


def dpkg(engine: Engine, image: Image, folder: Path) -> set[tuple[str, str]]:
    """Name and version of what dpkg's list in the image has as installed."""
    container = engine.call("create", image.tag, "none").strip()
    try:
        engine.call("cp", f"{container}:/var/lib/dpkg/status", str(folder))
    finally:
        engine.call("rm", container)
    text = (folder / "status").read_text("utf-8")
    installed = [one for one in text.split("\n\n") if "Status: install ok installed" in one]
    fields = [
        dict(re.findall(r"^(Package|Version): (.*)$", one, re.MULTILINE)) for one in installed
    ]
    return {(one["Package"], one["Version"]) for one in fields}


def named(bill: dict[str, Any]) -> set[tuple[str, str]]:
    """Name and version of the components of a bill of materials."""
    return {(one["name"], one["version"]) for one in bill["components"]}


@pytest.mark.parametrize("image", PYTHON, ids=lambda image: image.name, indirect=True)
def test_the_bill_names_every_package_of_python(
    engine: Engine, image: Image, bill: dict[str, Any]
) -> None:
    said = engine.call(
        "run", "--rm", "--network=none", "--entrypoint=python", image.tag, "-c",
        "import os, sys; print(*[n for p in sys.path if os.path.isdir(p) for n in os.listdir(p)])",
    )  # fmt: skip
    folders = [name for name in said.split() if name.endswith(".dist-info")]
    installed = {tuple(name.removesuffix(".dist-info").rsplit("-", 1)) for name in folders}
    assert len(installed) > 10
    assert {(normal(name), version) for name, version in installed} <= named(bill)


def test_the_bill_names_every_package_of_debian(
    engine: Engine, image: Image, bill: dict[str, Any], tmp_path: Path
) -> None:
    installed = dpkg(engine, image, tmp_path)
    assert installed
    assert installed <= named(bill)


def test_the_bill_is_of_this_image(engine: Engine, image: Image, bill: dict[str, Any]) -> None:
    (digest,) = bill["metadata"]["component"]["hashes"]
    assert f"sha256:{digest['content']}" == engine.inspect(image.tag)["Id"]

"""Images as `make images` has built them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scripts.images.__main__ import write_bill
from scripts.images.engine import Engine, provide
from scripts.images.plan import BASE, IMAGES, Image

# They need Docker and the images: `make images` and `make test-compose` ask for them.
collect_ignore_glob = [] if os.environ.get("FORTRESS_TEST_COMPOSE") else ["test_*.py"]

LOOK = Path(__file__).parent / "look.py"
PYTHON = [image for image in IMAGES if not image.from_nothing]


@pytest.fixture(scope="session")
def engine() -> Engine:
    return provide()


@pytest.fixture(scope="session")
def base() -> str:
    return os.environ.get("BASE_IMAGE", BASE)


@pytest.fixture(scope="session", params=IMAGES, ids=lambda image: image.name)
def image(request: pytest.FixtureRequest) -> Image:
    found: Image = request.param
    return found


@pytest.fixture(scope="session", params=PYTHON, ids=lambda image: image.name)
def python_image(request: pytest.FixtureRequest) -> Image:
    found: Image = request.param
    return found


@pytest.fixture(scope="session")
def facts(engine: Engine, python_image: Image) -> dict[str, Any]:
    """What `look.py` sees inside the image, run as an app is."""
    said = engine.call(
        "run", "--rm", "-i", "--read-only", "--network=none", "--cap-drop=ALL",
        "--entrypoint=python", python_image.tag, "-", stdin=LOOK.read_text(),
    )  # fmt: skip
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.fixture(scope="session")
def bill(engine: Engine, image: Image) -> dict[str, Any]:
    """The bill of materials of the image, as it is written to var/sbom."""
    found: dict[str, Any] = json.loads(write_bill(engine, image).read_text())
    return found

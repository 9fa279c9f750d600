"""The same input gives the same layers, however often it is built.

All but one: a layer that removes files marks each with the time of the removal, and only a builder
that rewrites times makes those equal. It is the layer after the base, the same for all images.
"""

import pytest

from scripts.images.__main__ import build, build_arguments
from scripts.images.engine import Engine
from scripts.images.plan import Image

REMOVALS = 1


@pytest.mark.timeout(400)
def test_building_again_from_nothing_gives_the_same_layers(engine: Engine, base: str) -> None:
    again = Image(name="ingest", version="again")
    first = engine.inspect(Image(name="ingest").tag)
    try:
        build(engine, again, build_arguments(base), "--no-cache")
        second = engine.inspect(again.tag)
    finally:
        engine.call("rmi", "--force", again.tag)
    layers = [image["RootFS"]["Layers"] for image in (first, second)]
    assert len(layers[0]) == len(layers[1]) > REMOVALS + 3
    for one in layers:
        one.pop(REMOVALS)
    assert layers[0] == layers[1]
    assert second["Config"] == first["Config"]

"""The same input gives the same layers, however often it is built."""

from scripts.images.__main__ import build, build_arguments
from scripts.images.engine import Engine
from scripts.images.plan import Image


def test_building_again_from_nothing_gives_the_same_layers(engine: Engine, base: str) -> None:
    again = Image(name="ingest", version="again")
    first = engine.inspect(Image(name="ingest").tag)
    try:
        build(engine, again, build_arguments(base), "--no-cache")
        second = engine.inspect(again.tag)
    finally:
        engine.call("rmi", "--force", again.tag)
    assert second["RootFS"]["Layers"] == first["RootFS"]["Layers"]
    assert second["Config"] == first["Config"]

import tomllib

import pytest

from scripts.images.plan import IMAGES, MB, START_S, Image, Measured, Start, table
from scripts.lock import APPS
from tests.support.servers import ROOT

API = Image(name="api")
ONCE = Image(name="migrations", serves=())


def measured(image: Image = API, added: float = 10.0, start: Start | None = None) -> Measured:
    return Measured(image=image, size_mb=100 + added, added_mb=added, start=start)


def test_every_app_that_runs_by_itself_has_an_image() -> None:
    names = {image.name for image in IMAGES}
    # The fleet is in the image of the command; local is all of it in one process.
    assert names == {*APPS, "bastion"} - {"fleet", "local"}


def test_ingest_may_add_less_than_the_others() -> None:
    most = {image.name: image.most_mb for image in IMAGES}
    assert most["ingest"] == 30
    assert max(most.values()) == 80


@pytest.mark.parametrize(("added", "over"), [(79.9, False), (80.0, True)])
def test_a_size_at_its_limit_is_over(added: float, over: bool) -> None:
    assert measured(added=added, start=Start(1, 0)).too_large is over


@pytest.mark.parametrize(
    ("start", "over"),
    [
        (Start(START_S, 0), False),
        (Start(START_S + 0.01, 0), True),
        (Start(3.0, 1.6), False),
        (Start(3.2, 1.6), True),
        (None, True),
    ],
)
def test_what_others_took_of_a_start_does_not_count(start: Start | None, over: bool) -> None:
    assert measured(start=start).too_slow is over


def test_what_runs_once_need_not_be_ready() -> None:
    assert not measured(ONCE).too_slow


def test_a_slow_start_fails_where_it_is_asked_for() -> None:
    slow = measured(start=Start(9, 0))
    assert slow.fails(strict=True)
    assert not slow.fails(strict=False)
    assert measured(start=None).fails(strict=False)
    assert measured(added=80.0, start=Start(1, 0)).fails(strict=False)


def test_the_table_says_which_is_over() -> None:
    lines = table(
        [measured(start=Start(1.234, 0.1)), measured(added=99, start=Start(2, 0)), measured(ONCE)]
    ).splitlines()
    assert lines[0].split() == [
        "image", "size", "MB", "added", "MB", "limit", "ready", "s", "waited", "limit",
    ]  # fmt: skip
    assert lines[1].split() == ["fortress/api:dev", "110.0", "10.0", "80", "1.23", "0.10", "1.5"]
    assert lines[2].endswith("TOO LARGE TOO SLOW")
    assert lines[3].split()[-3:] == ["-", "-", "-"]


def test_a_megabyte_is_a_million_bytes_as_docker_counts() -> None:
    assert MB == 10**6


def test_uv_has_one_version_and_hashes() -> None:
    text = (ROOT / "scripts/uv.txt").read_text()
    assert text.count("==") == 1
    assert text.count("--hash=sha256:") > 2
    assert "://" not in text


def test_the_version_of_images_is_the_project_s() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"]

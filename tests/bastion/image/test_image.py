"""The bastion in its image, restrained as it is on Fargate."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.images.engine import EngineError
from tests.bastion.image.containers import DATABASE, Images
from tests.support.bastion import make_key
from tests.support.servers import wait_until

GREETING = "SSH-2.0-"


@dataclass(frozen=True)
class Listed:
    """An image, and the key that is listed in it."""

    tag: str
    key: Path


@pytest.fixture(scope="module")
def listed(images: Images) -> Iterator[Listed]:
    key = make_key(images.folder / "listed")
    tag = images.build("first", key)
    with images.database(tag):
        yield Listed(tag, key)


@pytest.mark.timeout(300)
def test_a_listed_key_reaches_the_database_and_nothing_else(images: Images, listed: Listed) -> None:
    with images.running(listed.tag) as bastion:
        assert bastion.reach(listed.key, DATABASE).startswith(GREETING)
        assert bastion.reach(listed.key, "127.0.0.1:2222") == ""
        assert bastion.reach(listed.key, "database:9090") == ""
        done = bastion.ssh(listed.key, "127.0.0.1", "true")
        assert (done.returncode, done.stdout) == (255, "")


def test_a_new_volume_at_tmp_will_do_where_there_is_no_tmpfs(
    images: Images, listed: Listed
) -> None:
    container = images.engine.call(
        "create", "--read-only", *images.settings(), "--volume=/tmp", listed.tag, "-t"
    ).strip()
    images.engine.call("start", "--attach", container)
    ended = images.engine.inspect(container)["State"]["ExitCode"]
    images.engine.call("rm", "--volumes", container)
    assert ended == 0


@pytest.mark.timeout(300)
def test_a_rebuild_with_another_key_is_the_same_host(images: Images, listed: Listed) -> None:
    newcomer = make_key(images.folder / "newcomer")
    tag = images.build("second", listed.key, newcomer)
    with images.running(listed.tag) as bastion:
        assert "Permission denied" in bastion.ssh(newcomer, "-N", "127.0.0.1").stderr
    # ssh refuses a host with another key than the one it was given.
    with images.running(tag) as bastion:
        assert bastion.reach(newcomer, DATABASE).startswith(GREETING)
        assert bastion.reach(listed.key, DATABASE).startswith(GREETING)


def test_a_bad_key_ends_the_build_with_what_is_wrong(images: Images) -> None:
    short = make_key(images.folder / "short", "-t", "rsa", "-b", "2048")
    with pytest.raises(EngineError, match=r"keys/short\.pub is weak: RSA of 2048 bits"):
        images.build("weak", short)


def test_a_missing_database_is_one_sentence(images: Images, listed: Listed) -> None:
    container = images.create(listed.tag, database="")
    with pytest.raises(EngineError) as raised:
        images.engine.call("start", "--attach", container)
    said = str(raised.value)
    assert said.startswith("bastion: FORTRESS_BASTION_DATABASE is not set")
    assert "\n" not in said


def test_the_image_holds_what_is_needed_and_no_secret(images: Images, listed: Listed) -> None:
    exported = images.folder / "image.tar"
    images.engine.call("export", f"--output={exported}", images.create(listed.tag))
    with tarfile.open(exported) as archive:
        files = [member for member in archive if member.isfile()]
        paths = [Path(one.name) for one in files]
        programs = {path.name for path in paths if str(path.parent) in {"usr/bin", "usr/sbin"}}
        texts = b"".join(
            (archive.extractfile(one) or io.BytesIO()).read()
            for one in files
            if one.name.startswith("etc/")
        )
    assert programs <= {"dash", "mkdir", "nologin", "ssh-keygen", "ssh-keyscan", "sshd"}
    assert b"PRIVATE KEY-----\n" not in texts
    assert not any(one.mode & 0o6000 for one in files)


def test_it_runs_as_nobody_who_matters(images: Images, listed: Listed) -> None:
    about = images.engine.inspect(listed.tag)["Config"]
    assert about["User"] == "10001:10001"
    assert list(about["ExposedPorts"]) == ["2222/tcp"]


def test_it_ends_when_it_is_asked_to(images: Images, listed: Listed) -> None:
    container = images.create(listed.tag, "--health-interval=1s")
    images.engine.call("start", container)
    wait_until(lambda: images.health(container) == "healthy", "the bastion's health")
    images.engine.call("stop", "--time=20", container)
    assert images.engine.inspect(container)["State"]["ExitCode"] == 0


@pytest.mark.timeout(300)
def test_the_same_input_gives_the_same_layers(images: Images, listed: Listed) -> None:
    again = images.build("again", listed.key, options=("--no-cache",))
    layers = [images.engine.inspect(tag)["RootFS"]["Layers"] for tag in (listed.tag, again)]
    assert layers[0] == layers[1]

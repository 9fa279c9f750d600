"""A folder of key files becomes authorized_keys, or says what is wrong with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.bastion.authorize import authorized, keys_of
from scripts.lint import CHECKS
from tests.support.bastion import CODE, make_key, public
from tests.support.servers import ROOT

LISTED = CODE / "keys"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as `make lint` and the image's build run it."""
    return subprocess.run(
        [sys.executable, "-m", "infra.bastion.authorize", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with the keys of two people, as ssh-keygen writes them."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for person in ("second", "first"):
        pair = make_key(tmp_path / person, comment=f"{person}@laptop")
        (folder / f"{person}.pub").write_text(f"{public(pair)}\n")
    return folder


def test_the_listed_keys_are_in_order() -> None:
    found, faults = keys_of(LISTED)
    assert faults == []
    assert all((LISTED / f"{key.person}.pub").is_file() for key in found)


def test_each_key_becomes_a_line_that_may_forward_and_nothing_else(keys: Path) -> None:
    done = run(keys)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(
        f"restrict,port-forwarding {(keys / name).read_text()}"
        for name in ("first.pub", "second.pub")
    )


@pytest.mark.parametrize("options", [("-t", "rsa", "-b", "3072"), ("-t", "ed25519")])
def test_what_ssh_keygen_makes_is_taken(tmp_path: Path, options: tuple[str, ...]) -> None:
    make_key(tmp_path / "person", *options)
    (tmp_path / "person").unlink()
    found, faults = keys_of(tmp_path)
    assert faults == []
    assert [key.person for key in found] == ["person"]


def test_no_keys_are_no_lines(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Who may come in.\n")
    assert keys_of(tmp_path) == ([], [])
    assert authorized([]) == ""


def test_one_key_in_two_files_is_said_of_the_second(keys: Path) -> None:
    kind, material, _ = (keys / "first.pub").read_text().split()
    (keys / "third.pub").write_text(f"{kind} {material} third\n")
    done = run(keys)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{keys}/third.pub is the key in first.pub once more\n"


def test_every_file_at_fault_is_said_in_a_line_of_its_own(keys: Path) -> None:
    (keys / "empty.pub").touch()
    (keys / "notes.txt").write_text("call me\n")
    (keys / "folder").mkdir()
    (keys / "link.pub").symlink_to(keys / "first.pub")
    done = run(keys)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{keys}/empty.pub is empty",
        f"{keys}/folder is not a file: keys are files in this folder itself",
        f"{keys}/link.pub is not a file: keys are files in this folder itself",
        f"{keys}/notes.txt is no key file: a key is <person>.pub",
    ]


@pytest.mark.parametrize("name", ["first", "first.pub", "README.md", "id_ed25519"])
def test_a_private_key_under_any_name_is_found(keys: Path, name: str) -> None:
    pair = make_key(keys.parent / "pair")
    (keys / name).write_text(pair.read_text())
    done = run(keys)
    assert done.returncode == 1
    assert f"{keys}/{name} is a private key: it is no longer secret" in done.stderr


def test_a_name_that_cannot_be_printed_is_shown_escaped(keys: Path) -> None:
    (keys / "a\x1b[2Jb\n.pub").write_text("x")
    done = run(keys)
    assert done.stderr.startswith(f"{keys}/a\\x1b[2Jb\\n.pub is no name for a key file")


def test_a_folder_that_is_missing_is_no_empty_one(tmp_path: Path) -> None:
    done = run(tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}/none is not a folder of keys\n"


def test_lint_checks_the_listed_keys() -> None:
    assert ("python", "-m", "infra.bastion.authorize", "infra/bastion/keys") in CHECKS.values()

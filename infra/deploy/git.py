"""What git knows of the checkout."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from shared.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
# What git gives as "before" for a branch that is new.
NOTHING = "0" * 40
SHALLOW = "fetch the whole history (in a workflow: fetch-depth: 0)"


def git(*arguments: str, folder: Path = ROOT) -> bytes:
    """What git says. Raises `ConfigurationError` with its words when it refuses."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        ["git", *arguments],  # noqa: S607 - whichever git there is
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ConfigurationError(f"git {arguments[0]}: {done.stderr.decode().strip()}")
    return done.stdout


def commit(name: str, folder: Path = ROOT) -> str:
    """The full id of the commit `name`. Raises `ConfigurationError` when it is not here."""
    try:
        found = git("rev-parse", "--verify", f"{name}^{{commit}}", folder=folder)
    except ConfigurationError:
        raise ConfigurationError(f"{name} is no commit of this checkout: {SHALLOW}") from None
    return found.decode().strip()


def is_before(older: str, newer: str, folder: Path = ROOT) -> bool:
    """Whether `older` is in the history of `newer`; not when either is not here."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        ["git", "merge-base", "--is-ancestor", older, newer],  # noqa: S607 - as above
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def changed_paths(base: str, head: str, folder: Path = ROOT) -> set[str]:
    """The paths that differ between two commits; of a file that moved, both."""
    said = git("diff", "--name-only", "--no-renames", "-z", base, head, folder=folder)
    return {path for path in said.decode().split("\0") if path}


def ancestors(head: str, folder: Path = ROOT) -> list[str]:
    """`head` and the commits before it, newest first."""
    return git("rev-list", "--topo-order", head, folder=folder).decode().split()


def texts(head: str, *paths: str, folder: Path = ROOT) -> dict[str, str]:
    """The files of a commit below `paths`, by path; what is no text is left empty."""
    with tarfile.open(fileobj=BytesIO(git("archive", head, *paths, folder=folder))) as archive:
        members = [member for member in archive if member.isfile()]
        found = {member.name: archive.extractfile(member) for member in members}
        return {name: file.read().decode(errors="replace") for name, file in found.items() if file}

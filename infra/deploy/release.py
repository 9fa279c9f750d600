"""A release: which image of each app belongs to a commit, and which of them are still to be built.

Tags are commits (12 digits): an image keeps the tag of the commit that last touched it. Which that
is, the registry and git say together, so nothing is remembered anywhere: a build that failed is
made up for by the next one, and an image that nobody touched is not built, and not rolled back.
A rebuild of the same commit, for a newer base, adds a number: `0123456789ab-2`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from shared.errors import ConfigurationError

TAG = re.compile(r"([0-9a-f]{12})(?:-([1-9][0-9]{0,9}))?")


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tags` by app; those of `build` are not in the registry yet."""

    revision: str
    tags: dict[str, str]
    build: tuple[str, ...] = ()

    def parameters(self) -> dict[str, str]:
        """The tags as the services stack takes them."""
        return {parameter(app): tag for app, tag in self.tags.items()}

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def parameter(app: str) -> str:
    """The services stack's parameter for the tag of an app's image: `TagApi`."""
    return f"Tag{app.title()}"


def read(file: Path) -> Release:
    """The release in `file`. Raises `ConfigurationError`."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Release)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{file} is missing: `python -m infra.deploy plan --out {file}` writes it"
        ) from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{file} is no release: {error}") from None


def plan(
    history: Sequence[str],
    built: Mapping[str, Iterable[str]],
    touched_since: Callable[[str], Iterable[str]],
    *,
    rebuild: int = 0,
) -> Release:
    """The release of `history[0]`.

    `history`: the commit and those before it, newest first; `built`: tags in the registry by app;
    `touched_since`: the apps that changed between a commit and the release's. `rebuild`: build all
    of them, under a tag with this number.
    """
    head = history[0]
    new = head[:12] + (f"-{rebuild}" if rebuild else "")
    tags: dict[str, str] = {}
    known: dict[str, set[str]] = {}
    for app, there in built.items():
        newest = None if rebuild else _newest(history, there)
        if newest is not None:
            commit = newest.partition("-")[0]
            if commit not in known:
                known[commit] = set(touched_since(commit))
            if app in known[commit]:
                newest = None
        tags[app] = newest or new
    build = tuple(app for app, tag in tags.items() if tag not in set(built[app]))
    return Release(revision=head, tags=tags, build=build)


def backwards(
    wanted: Mapping[str, str],
    runs: Mapping[str, str],
    is_before: Callable[[str, str], bool],
) -> list[str]:
    """The apps that would go back: what is wanted is a commit before the one that runs."""
    commits = {
        app: (wanted[app].partition("-")[0], tag.partition("-")[0])
        for app, tag in runs.items()
        if app in wanted and TAG.fullmatch(tag) and TAG.fullmatch(wanted[app])
    }
    return sorted(app for app, (new, old) in commits.items() if new != old and is_before(new, old))


def _newest(history: Sequence[str], tags: Iterable[str]) -> str | None:
    """The tag of the newest commit, among tags that are commits of the history."""
    age = {commit[:12]: number for number, commit in enumerate(history)}
    matches = [found for found in map(TAG.fullmatch, tags) if found and found[1] in age]
    if not matches:
        return None
    return min(matches, key=lambda one: (age[one[1]], -int(one[2] or 0)))[0]

"""`python -m infra.deploy.changed BASE HEAD`: the images that a change touches."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.deploy import git
from infra.deploy.touched import DOCKERFILE, IGNORED, PACKAGES, Tree, touched
from scripts.images.plan import IMAGES
from shared.errors import ConfigurationError

NAMES = tuple(image.name for image in IMAGES)
EXAMPLES = """examples:
  python -m infra.deploy.changed origin/main HEAD          an image a line, and why
  python -m infra.deploy.changed origin/main HEAD --json   ["api", "ingest"]
  python -m infra.deploy.changed $BEFORE $AFTER --github   images=[…] for the steps that follow

BASE may be forty zeros, which git calls the state before the first commit: all images.
"""


def changed(base: str, head: str, folder: Path = git.ROOT) -> dict[str, str]:
    """The images to build when going from `base` to `head`, each with the file that touches it.

    Raises `ConfigurationError` for a commit that is not here.
    """
    head = git.commit(head, folder)
    if base == git.NOTHING:
        return dict.fromkeys(NAMES, "all is new")
    paths = git.changed_paths(git.commit(base, folder), head, folder)
    return touched(tree(head, folder), paths, NAMES)


def tree(head: str, folder: Path = git.ROOT) -> Tree:
    """What the images of a commit are made from."""
    return Tree(git.texts(head, DOCKERFILE, IGNORED, *PACKAGES, folder=folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy.changed",
        description="Say which images a change touches.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base", metavar="BASE", help="the commit before")
    parser.add_argument("head", metavar="HEAD", help="the commit after")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a list of names")
    form.add_argument("--github", action="store_true", help="also to $GITHUB_OUTPUT, as images=[…]")
    return parser


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    try:
        found = changed(given.base, given.head)
    except ConfigurationError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    if given.json:
        sys.stdout.write(f"{json.dumps(list(found))}\n")
        return 0
    sys.stdout.writelines(f"{name:16}{path}\n" for name, path in found.items())
    if given.github:
        with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
            file.write(f"images={json.dumps(list(found))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

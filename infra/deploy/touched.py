"""Which images a change touches, and by which file (pure).

An image is made from what the Dockerfile copies. Of the packages that it copies whole (`apps`,
`shared`, `migrations`) only the files count that its process can import. A file that is no module
counts for every image that runs a module of the package it is in, and what cannot be told (a module
that is gone) counts as well: one image too many is built, never one too few.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from infra.deploy import dockerfile
from infra.deploy.imports import Imports

DOCKERFILE = "Dockerfile"
IGNORED = ".dockerignore"
BASTION = "infra/bastion"
MIGRATIONS = "migrations"
# Copied whole, and imported from.
PACKAGES = ("apps", "shared", "migrations")
# What the command's image holds of other apps, as the Dockerfile says; it carries no others.
ALSO = {"cli": ("api", "fleet", "local")}


@dataclass(frozen=True)
class Tree:
    """The files of a commit that images are made from: text by path."""

    files: Mapping[str, str]

    def image(self, app: str) -> "Contents":
        text = self.files[DOCKERFILE]
        closure = self._imports.closure(dockerfile.modules(text, app))
        return Contents(
            sources=frozenset(dockerfile.sources(text, app) | {DOCKERFILE, IGNORED}),
            modules=frozenset(path for path in closure if _copied(path, app)),
            known=self._python.keys(),
            app=app,
        )

    @cached_property
    def _python(self) -> dict[str, str]:
        return {path: text for path, text in self.files.items() if _is_module(path)}

    @cached_property
    def _imports(self) -> Imports:
        return Imports(self._python)


@dataclass(frozen=True)
class Contents:
    """What the image of `app` is made from."""

    app: str
    sources: frozenset[str]
    modules: frozenset[str]
    known: AbstractSet[str]

    def has(self, path: str) -> bool:
        """Whether a change of `path` changes what the image does."""
        if not any(_below(path, source) for source in self.sources):
            return False
        if path.partition("/")[0] not in PACKAGES or path in self.modules:
            return True
        if path in self.known:
            return self._read_as_a_file(path)
        return _copied(path, self.app) and self._package_is_run(path)

    def _read_as_a_file(self, path: str) -> bool:
        """Whether Alembic may run `path`, which it finds by its file."""
        return _below(path, MIGRATIONS) and self._package_is_run(path)

    def _package_is_run(self, path: str) -> bool:
        """Whether the image runs a module of the package that `path` is in."""
        for folder in PurePosixPath(path).parents:
            if f"{folder}/__init__.py" in self.known:
                return any(_below(module, str(folder)) for module in self.modules)
        return True


def touched(tree: Tree, paths: Iterable[str], images: Iterable[str]) -> dict[str, str]:
    """The images of `images` that the changed `paths` touch, each with the first path that does."""
    changed = sorted(paths)
    found: dict[str, str] = {}
    for app in images:
        if app == "bastion":
            reason = next(filter(_in_bastion, changed), None)
        else:
            contents = tree.image(app)
            reason = next(filter(contents.has, changed), None)
        if reason is not None:
            found[app] = reason
    return found


def _in_bastion(path: str) -> bool:
    return _below(path, BASTION)


def _is_module(path: str) -> bool:
    return path.endswith(".py") and path.partition("/")[0] in PACKAGES


def _copied(path: str, app: str) -> bool:
    """Whether the Dockerfile leaves `path` in the image, of what it copies of the packages."""
    parts = path.split("/")
    return parts[0] != "apps" or len(parts) == 2 or parts[1] in {app, *ALSO.get(app, ())}


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")

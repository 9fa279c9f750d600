"""The import graph of a folder's packages, read from their text: nothing is imported (pure).

Imports inside functions count too: they run later, but they run.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping


class Imports:
    """Which module imports which, among the files given.

    `files`: text by path from the folder's root, `apps/api/main.py`.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._paths = {module_of(path): path for path in files}
        self._files = files
        self._direct: dict[str, set[str]] = {}

    def closure(self, entries: Iterable[str]) -> set[str]:
        """The paths of all files that importing or running the modules `entries` can execute."""
        waiting = [name for entry in entries for name in self._executed(entry)]
        seen: set[str] = set()
        while waiting:
            module = waiting.pop()
            if module in seen:
                continue
            seen.add(module)
            waiting += self._imported(module) - seen
        return {self._paths[module] for module in seen}

    def _executed(self, module: str) -> set[str]:
        """`module`, the packages that it is in, and what `-m` of a package runs."""
        parts = module.split(".")
        names = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
        return (names | {f"{module}.__main__"}) & self._paths.keys()

    def _imported(self, module: str) -> set[str]:
        if module not in self._direct:
            path = self._paths[module]
            package = module if path.endswith("/__init__.py") else module.rpartition(".")[0]
            named = _named(ast.parse(self._files[path], path), package)
            parts = (prefix for name in named for prefix in _prefixes(name))
            self._direct[module] = {name for name in parts if name in self._paths}
        return self._direct[module]


def module_of(path: str) -> str:
    """`apps/api/main.py` is `apps.api.main`; a package is its `__init__.py`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _named(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            # `from a import b`: b may be a module of a.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - (node.level - 1)]
    return ".".join([*above, *([node.module] if node.module else [])])

"""Compiles what an image runs, so that a start compiles nothing and equal input gives equal bytes.

    python bytecode.py packages FOLDER            modules become bytecode alone: no sources and
                                                  no docstrings stay, a quarter of their size
    python bytecode.py own FOLDER                 bytecode beside the sources, for their tracebacks
    python bytecode.py library OUT MODULE...      what these import of Python's own library, into
                                                  OUT, where the base has no bytecode of it

Nothing is compared with sources when a module is loaded: files of an image do not change.
"""

import ast
import csv
import importlib
import importlib.util
import marshal
import sys
import sysconfig
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from py_compile import PycInvalidationMode
from py_compile import compile as compile_file

UNCHECKED = PycInvalidationMode.UNCHECKED_HASH
UNCHECKED_FLAGS = (0b01).to_bytes(4, "little")


def compile_packages(site: Path) -> None:
    """Put `module.pyc` in the place of every `module.py` below `site`."""
    # In as many processes as there are processors: the bytes do not depend on who compiles what.
    with ProcessPoolExecutor() as pool:
        list(pool.map(replace, sorted(site.rglob("*.py")), chunksize=25))
    for record in site.glob("*.dist-info/RECORD"):
        shorten(record, site)


def replace(source: Path) -> None:
    Path(f"{source}c").write_bytes(bytecode(source.read_bytes(), str(source)))
    source.unlink()


def bytecode(source: bytes, name: str) -> bytes:
    """The content of a `.pyc` (PEP 552, not to be checked). Lines stay as in the source."""
    tree = ast.parse(source, name)
    for node in ast.walk(tree):
        drop_docstring(node)
    code = compile(tree, name, "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + UNCHECKED_FLAGS + importlib.util.source_hash(source)
    return head + marshal.dumps(code)


def drop_docstring(node: ast.AST) -> None:
    """Leave a dot of a docstring: some packages insist that there is one (SQLAlchemy's events)."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if ast.get_docstring(node, clean=False) is not None:
        first = node.body[0]
        assert isinstance(first, ast.Expr)
        first.value = ast.copy_location(ast.Constant("."), first.value)


def shorten(record: Path, site: Path) -> None:
    """Let a RECORD name what is there. Hashes of what changed hold no more, so none are kept."""
    with record.open(newline="") as file:
        names = [row[0] for row in csv.reader(file) if row]
    known = {name + "c" if name.endswith(".py") else name for name in names}
    record.write_text("".join(f"{name},,\n" for name in sorted(known) if (site / name).exists()))


def compile_own(folder: Path) -> None:
    for source in sorted(folder.rglob("*.py")):
        compile_file(str(source), dfile=str(source), doraise=True, invalidation_mode=UNCHECKED)


def compile_library(out: Path, modules: list[str]) -> None:
    """Import `modules`, which also proves that they can be, and compile what that took."""
    for name in modules:
        importlib.import_module(name)
    library = Path(sysconfig.get_path("stdlib")).resolve()
    for source in sorted(filter(None, map(_source, list(sys.modules.values())))):
        compiled = Path(importlib.util.cache_from_source(str(source)))
        if source.resolve().is_relative_to(library) and not compiled.exists():
            place = out / compiled.relative_to("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            compile_file(
                str(source), str(place), str(source), doraise=True, invalidation_mode=UNCHECKED
            )


def _source(module: object) -> Path | None:
    """The file of a module's source; none for built-in and frozen ones, and those compiled."""
    name = getattr(module, "__file__", None)
    return Path(name) if name and name.endswith(".py") and Path(name).is_file() else None


def main() -> None:
    what, folder, *rest = sys.argv[1:]
    if what == "packages":
        compile_packages(Path(folder))
    elif what == "own":
        compile_own(Path(folder))
    elif what == "library":
        compile_library(Path(folder), rest)


if __name__ == "__main__":
    main()

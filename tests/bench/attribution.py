"""Which part of the work a sample of the stack belongs to. Pure.

A sample is the functions on the stack, the innermost first, each as (file below the project's
root or the packages', function).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

Frame = tuple[str, str]

PARTS: Final = ("receive", "decode", "validate", "build", "wait", "ack", "tell", "other")
# Everything that these call is of their part.
WITH_ALL: Final[Mapping[Frame, str]] = {
    ("apps/ingest/connection.py", "committed"): "ack",
    ("apps/ingest/connection.py", "room"): "ack",
    ("apps/ingest/pipeline.py", "_acknowledge"): "ack",
    ("apps/ingest/pipeline.py", "_let_go"): "ack",
    ("apps/ingest/pipeline.py", "_release"): "ack",
    ("apps/ingest/pipeline.py", "put"): "receive",
    ("shared/readings/plan.py", "frames"): "tell",
    ("shared/readings/store.py", "announce"): "tell",
    ("shared/db/bulk.py", "execute"): "wait",
}
FILES: Final[Mapping[str, str]] = {
    "apps/ingest/connection.py": "receive",
    "apps/ingest/protocol/": "decode",
    "apps/ingest/fair.py": "build",
    "apps/ingest/turns.py": "build",
    "apps/ingest/pipeline.py": "build",
    "apps/ingest/telling.py": "tell",
    "shared/bus/": "tell",
    "redis/": "tell",
    "shared/readings/check.py": "validate",
    "shared/readings/block.py": "decode",
    "shared/readings/compiled.py": "decode",
    "shared/readings/parse.py": "decode",
    "shared/readings/": "build",
    "shared/db/bulk.py": "build",
    "shared/db/": "wait",
    "aiomysql/": "wait",
    "pymysql/": "wait",
    "sqlalchemy/": "wait",
}
# Between two calls into Python the event loop reads, writes and polls sockets. A sample that
# falls there comes in the first instruction of the next call.
LOOP: Final = ("the event loop", "")


def part_of(stack: Sequence[Frame]) -> str:
    """The part that a stack belongs to: of a caller with all it calls, or else of the innermost
    file that says so.
    """
    if LOOP in stack:
        return "receive"
    callers = (WITH_ALL.get(frame) for frame in stack)
    files = (_by_file(file) for file, _ in stack)
    return next((part for part in (*callers, *files) if part is not None), "other")


def _by_file(file: str) -> str | None:
    # The first that fits: files stand before the folders that they are in.
    return next((part for place, part in FILES.items() if file.startswith(place)), None)


def shares(samples: Iterable[tuple[Sequence[Frame], int]]) -> dict[str, float]:
    """The share of each part in samples and how often each came."""
    counts: Counter[str] = Counter()
    for stack, count in samples:
        counts[part_of(stack)] += count
    total = counts.total()
    return {part: counts[part] / total if total else 0.0 for part in PARTS}


def short(path: str, root: str) -> str:
    """A file's path below the project's `root` or the folder that packages are in."""
    for folder in (f"{root}/", "/site-packages/"):
        _, found, rest = path.partition(folder)
        if found:
            inner = rest.partition("/site-packages/")[2]
            return inner or rest
    return path

"""Many values in statements of bounded length."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

# RDS Proxy pins a session to its connection for a statement over 16 KB. Names of columns, quotes
# and escapes come on top of the values.
STATEMENT_BYTES = 10_000
ROW_BYTES = 120
CHUNK = 200


def length(text: str) -> int:
    """What `text` may take in a statement: escaping can double its bytes."""
    return 2 * len(text.encode())


def chunks(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """`items` in lists that each fit into one statement; `size` is the bytes of an item's values.

    An item that is too large by itself comes alone.
    """
    chunk: list[T] = []
    taken = 0
    for item in items:
        needed = size(item) + ROW_BYTES
        if chunk and (taken + needed > STATEMENT_BYTES or len(chunk) >= CHUNK):
            yield chunk
            chunk, taken = [], 0
        chunk.append(item)
        taken += needed
    if chunk:
        yield chunk

"""What every storage does: whole files under keys."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from shared.errors import BadRequest, NotFound

LONGEST_KEY = 512
# A part of a key, percent-encoded, must fit into a file's name.
LONGEST_PART = 200
# What is read and handed on at a time.
CHUNK = 256 * 1024
# What may be had in one piece; anything larger is streamed.
LARGEST_GET = 64 * 1024 * 1024
DEFAULT_TYPE = "application/octet-stream"

Content = bytes | AsyncIterator[bytes]


class Missing(NotFound):
    """There is no file under this key."""

    code = "file_not_found"
    title = "There is no such file"

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no file {key}")


class BadKey(BadRequest):
    """The key cannot name a file."""

    code = "bad_file_name"
    title = "This cannot be a file's name"


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its size in bytes and its content type."""

    size: int
    content_type: str


class Storage(Protocol):
    """A key is text like `org_…/exports/2025.csv`: parts between slashes, none of them `.` or `..`.

    A file appears whole or not at all; putting it again replaces it whole. Large ones take flat
    memory both ways. Raises `BadKey` for what is no key, `Unavailable` for storage out of reach.
    """

    async def put(self, key: str, content: Content, content_type: str = DEFAULT_TYPE) -> int:
        """Store bytes, or what an iterator gives; returns the size.

        If it raises, nothing is stored and what was there stays.
        """
        ...

    async def get(self, key: str) -> bytes:
        """The whole file. Raises `Missing`, and `TooLarge` above `LARGEST_GET`."""
        ...

    def stream(self, key: str) -> AsyncGenerator[bytes, None]:
        """The file in chunks. Raises `Missing` at the first of them."""
        ...

    async def head(self, key: str) -> Found:
        """Size and content type. Raises `Missing`."""
        ...

    async def exists(self, key: str) -> bool: ...

    async def size(self, key: str) -> int:
        """Bytes. Raises `Missing`."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the file; one that is not there is no error."""
        ...

    def list_keys(self, prefix: str = "") -> AsyncIterator[str]:
        """The keys that begin with `prefix`, in the order of their bytes."""
        ...

    async def close(self) -> None: ...


def check_key(key: str) -> str:
    """The key, if it can name a file everywhere. Raises `BadKey`."""
    good = key.isprintable() and len(key.encode()) <= LONGEST_KEY and "\\" not in key
    if not good or not all(_names_something(part) for part in key.split("/")):
        raise BadKey(
            "a file's key is printable parts between slashes, none empty, `.` or `..`, "
            f"up to {LONGEST_KEY} bytes"
        )
    return key


def escape(part: str) -> str:
    """A part of a key as a file's name: ASCII letters, digits, `_.-~` and percent signs."""
    return quote(part, safe="")


async def pieces(content: Content) -> AsyncIterator[bytes]:
    """The content piece by piece, whichever way it was given."""
    if isinstance(content, bytes):
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]
        return
    async for piece in content:
        yield piece


def _names_something(part: str) -> bool:
    return part not in ("", ".", "..") and len(escape(part)) <= LONGEST_PART

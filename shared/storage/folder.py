"""Files in a folder, for a laptop and for compose."""

import asyncio
import json
import mimetypes
import os
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from shared.errors import TooLarge
from shared.ids import new_id
from shared.storage.base import (
    CHUNK,
    DEFAULT_TYPE,
    LARGEST_GET,
    Content,
    Found,
    Missing,
    check_key,
    escape,
    pieces,
)

# A file is not written to for so long while it is being made.
LEFT_S = 86_400
# Ends the name of a folder. Escaped parts have no plus sign, so a file `a` and a file `a/b` can
# both be there.
FOLDER = "+"


class FolderStorage:
    """A file lies under `files/` at its key. It is written elsewhere and moved there when whole.

    `types/` has the content types that a file's name does not tell, by the number of its inode,
    so that content and type change in one step.
    """

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._types = folder / "types"
        self._partial = folder / "partial"
        # The number of an inode is given again as soon as its file is gone.
        self._switching = threading.Lock()

    async def put(self, key: str, content: Content, content_type: str = DEFAULT_TYPE) -> int:
        target = self._path(key)
        partial = self._partial / new_id("put")
        size = 0
        file = await asyncio.to_thread(_create, partial)
        try:
            async for piece in pieces(content):
                size += len(piece)
                await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(_sync, file)
            await asyncio.to_thread(self._switch, partial, key, target, content_type)
        finally:
            file.close()
            partial.unlink(missing_ok=True)
        return size

    async def get(self, key: str) -> bytes:
        if await self.size(key) > LARGEST_GET:
            raise TooLarge(f"{key} is too large to be had in one piece")
        return b"".join([piece async for piece in self.stream(key)])

    async def stream(self, key: str) -> AsyncGenerator[bytes, None]:
        path = self._path(key)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(key) from None
        with file:
            while piece := await asyncio.to_thread(file.read, CHUNK):
                yield piece

    async def head(self, key: str) -> Found:
        return await asyncio.to_thread(self._head, key)

    async def exists(self, key: str) -> bool:
        return await asyncio.to_thread(self._path(key).is_file)

    async def size(self, key: str) -> int:
        return (await self.head(key)).size

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._delete, self._path(key))

    async def list_keys(self, prefix: str = "") -> AsyncIterator[str]:
        for key in await asyncio.to_thread(self._keys, prefix):
            yield key

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, key: str) -> Path:
        *folders, name = check_key(key).split("/")
        return self._files.joinpath(*(escape(part) + FOLDER for part in folders), escape(name))

    def _switch(self, partial: Path, key: str, target: Path, content_type: str) -> None:
        """Note the type of what was written and move it to its place."""
        with self._switching:
            replaced = target.stat().st_ino if target.is_file() else None
            mark = self._mark(partial.stat().st_ino)
            if content_type == _guess(key):
                mark.unlink(missing_ok=True)
            else:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.write_text(json.dumps({"key": key, "type": content_type}))
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)
            _sync_folder(target.parent)
            if replaced is not None:
                self._mark(replaced).unlink(missing_ok=True)

    def _head(self, key: str) -> Found:
        path = self._path(key)
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(key) from None
        return Found(status.st_size, self._type(key, status.st_ino))

    def _type(self, key: str, inode: int) -> str:
        try:
            noted = json.loads(self._mark(inode).read_text())
        except FileNotFoundError:
            return _guess(key)
        # A folder that was copied has other inodes: a note counts only for its own key.
        return str(noted["type"]) if noted["key"] == key else _guess(key)

    def _mark(self, inode: int) -> Path:
        return self._types / str(inode)

    def _delete(self, path: Path) -> None:
        with self._switching:
            try:
                mark = self._mark(path.stat().st_ino)
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            mark.unlink(missing_ok=True)

    def _keys(self, prefix: str) -> list[str]:
        found = []
        for folder, _, names in os.walk(self._files):
            parts = Path(folder).relative_to(self._files).parts
            start = "".join(f"{unquote(part.removesuffix(FOLDER))}/" for part in parts)
            found += [start + unquote(name) for name in names]
        return sorted((key for key in found if key.startswith(prefix)), key=str.encode)


def _create(partial: Path) -> BinaryIO:
    partial.parent.mkdir(parents=True, exist_ok=True)
    _remove_left(partial.parent)
    return partial.open("xb")


def _remove_left(folder: Path) -> None:
    """What processes that were killed had begun to write, once nobody can be writing it."""
    for left in folder.iterdir():
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - LEFT_S:
                left.unlink()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _guess(key: str) -> str:
    return mimetypes.guess_type(key.rpartition("/")[2])[0] or DEFAULT_TYPE

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.storage.folder import FolderStorage


def files(folder: Path) -> list[str]:
    """Everything that lies in `folder`, however deep."""
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]


async def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise RuntimeError

    storage = FolderStorage(tmp_path)
    with pytest.raises(RuntimeError):
        await storage.put("a/b", broken())
    assert files(tmp_path) == []


async def test_a_new_storage_finds_what_is_there(tmp_path: Path) -> None:
    await FolderStorage(tmp_path).put("org/a.dat", b"x", "application/x-own")
    again = FolderStorage(tmp_path)
    assert [key async for key in again.list_keys()] == ["org/a.dat"]
    assert (await again.head("org/a.dat")).content_type == "application/x-own"


async def test_no_key_reaches_out_of_the_folder_by_its_escapes(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "inner")
    await storage.put("%2e%2e/%2Fetc", b"x")
    assert all(name.startswith("inner/files/") for name in files(tmp_path))
    assert [key async for key in storage.list_keys()] == ["%2e%2e/%2Fetc"]


async def test_the_notes_of_types_do_not_pile_up(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    for number in range(5):
        await storage.put("a", b"x", f"text/x-{number}")
    assert len([name for name in files(tmp_path) if name.startswith("types/")]) == 1


async def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    await storage.put("a", b"x")
    old, young = tmp_path / "partial/old", tmp_path / "partial/young"
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (0, 0))
    await storage.put("a", b"y")
    assert files(tmp_path) == ["files/a", "partial/young", *_notes(tmp_path)]


def _notes(folder: Path) -> list[str]:
    return [name for name in files(folder) if name.startswith("types/")]

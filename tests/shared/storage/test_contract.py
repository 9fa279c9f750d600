"""What every storage promises, in a folder and in S3 (moto's server)."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest

from shared.errors import TooLarge
from shared.ids import new_id
from shared.storage import Found, Missing, Storage, base
from shared.storage.base import BadKey
from shared.storage.folder import FolderStorage
from shared.storage.s3 import PART, S3Storage
from tests.support.moto import moto_server

MIB = 1024 * 1024


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, moto_server() as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        client = boto3.client("s3", region_name="us-east-1", endpoint_url=url)
        client.create_bucket(Bucket="files")
        client.close()
        yield url


@pytest.fixture
async def folder(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage")


@pytest.fixture
async def s3(moto_url: str) -> AsyncIterator[S3Storage]:
    storage = S3Storage("files", new_id("prefix"), region="us-east-1", endpoint=moto_url)
    yield storage
    await storage.close()


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    made: Storage = request.getfixturevalue(request.param)
    return made


async def repeated(piece: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield piece


async def broken(piece: bytes, times: int) -> AsyncIterator[bytes]:
    async for item in repeated(piece, times):
        yield item
    raise RuntimeError("the source broke")


async def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [key async for key in storage.list_keys(prefix)]


@pytest.mark.parametrize("content", [b"", b"x", b"\x00\xff" * 100_000])
async def test_what_is_put_comes_back(storage: Storage, content: bytes) -> None:
    assert await storage.put("org_1/a.bin", content) == len(content)
    assert await storage.get("org_1/a.bin") == content
    assert await storage.size("org_1/a.bin") == len(content)
    assert await storage.exists("org_1/a.bin")


async def test_the_content_type_is_kept(storage: Storage) -> None:
    await storage.put("a.csv", b"1,2", "text/csv")
    await storage.put("b.csv", b"1;2", "text/csv; charset=iso-8859-1")
    await storage.put("c.csv", b"1;2")
    assert await storage.head("a.csv") == Found(3, "text/csv")
    assert await storage.head("b.csv") == Found(3, "text/csv; charset=iso-8859-1")
    assert await storage.head("c.csv") == Found(3, "application/octet-stream")


async def test_putting_again_replaces_all_of_it(storage: Storage) -> None:
    await storage.put("a", b"the first one", "text/plain")
    await storage.put("a", b"2nd", "text/csv")
    assert await storage.get("a") == b"2nd"
    assert await storage.head("a") == Found(3, "text/csv")
    await storage.put("a", b"")
    assert await storage.head("a") == Found(0, "application/octet-stream")


async def test_what_is_not_there_is_missing(storage: Storage) -> None:
    assert not await storage.exists("no/such")
    for call in (storage.get, storage.size, storage.head):
        with pytest.raises(Missing, match="no/such"):
            await call("no/such")
    with pytest.raises(Missing):
        await anext(storage.stream("no/such"))


async def test_what_was_deleted_is_gone(storage: Storage) -> None:
    await storage.put("a", b"x", "text/csv")
    await storage.delete("a")
    assert not await storage.exists("a")
    assert await keys(storage) == []
    await storage.delete("a")
    await storage.delete("never/there")


async def test_a_key_may_also_be_the_beginning_of_another(storage: Storage) -> None:
    for key in ("a", "a/b", "a/b/c", "a+/b"):
        await storage.put(key, key.encode())
    assert [await storage.get(key) for key in ("a", "a/b", "a/b/c")] == [b"a", b"a/b", b"a/b/c"]
    assert await keys(storage) == ["a", "a+/b", "a/b", "a/b/c"]
    assert not await storage.exists("a/b/c/d")


async def test_a_list_has_what_begins_so_in_order(storage: Storage) -> None:
    for key in ("org_1/b", "org_1/a", "org_10/a", "org_1/Ä %/ü+.csv", "org_2/a"):
        await storage.put(key, b"")
    assert await keys(storage, "org_1/") == ["org_1/a", "org_1/b", "org_1/Ä %/ü+.csv"]
    assert len(await keys(storage, "org_1")) == 4
    assert await keys(storage, "nothing") == []


async def test_an_odd_key_comes_back(storage: Storage) -> None:
    key = "a b/%2e%2e/..x/~+&=?#;:'é日"
    await storage.put(key, b"x")
    assert await storage.get(key) == b"x"
    assert await keys(storage) == [key]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a/./x",
        "a//x",
        "a/",
        "..\\x",
        "a\x00b",
        "a\nb",
        "\ud800",
        "x" * 201,
        "é" * 100,
        "/".join(["x" * 50] * 11),
    ],
)
async def test_what_is_no_key_is_refused(storage: Storage, key: str) -> None:
    for call in (storage.get, storage.head, storage.size, storage.exists, storage.delete):
        with pytest.raises(BadKey):
            await call(key)
    with pytest.raises(BadKey):
        await storage.put(key, b"x")
    with pytest.raises(BadKey):
        await anext(storage.stream(key))


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART])
async def test_sizes_around_a_part_come_back(storage: Storage, size: int) -> None:
    piece = bytes(range(256)) * 4096
    content = (piece * (size // len(piece) + 1))[:size]
    assert await storage.put("big", content) == size
    assert await storage.get("big") == content


async def test_a_large_file_takes_flat_memory_both_ways(storage: Storage) -> None:
    await storage.put("warm", b"x")
    piece = bytes(MIB)
    tracemalloc.start()
    try:
        assert await storage.put("large", repeated(piece, 96)) == 96 * MIB
        total = 0
        async for part in storage.stream("large"):
            total += len(part)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 96 * MIB
    assert peak < 48 * MIB


async def test_more_than_fits_is_not_had_in_one_piece(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.storage.folder.LARGEST_GET", 10)
    monkeypatch.setattr("shared.storage.s3.LARGEST_GET", 10)
    await storage.put("a", b"x" * 11)
    with pytest.raises(TooLarge):
        await storage.get("a")


@pytest.mark.parametrize("pieces", [1, 20])
async def test_a_source_that_breaks_changes_nothing(storage: Storage, pieces: int) -> None:
    await storage.put("a", b"before", "text/csv")
    with pytest.raises(RuntimeError, match="the source broke"):
        await storage.put("a", broken(bytes(MIB), pieces))
    assert await storage.get("a") == b"before"
    assert await storage.head("a") == Found(6, "text/csv")
    assert await keys(storage) == ["a"]


async def test_putting_that_is_cancelled_changes_nothing(storage: Storage) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(PART + MIB)
        begun.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(storage.put("a", endless()))
    await begun.wait()
    putting.cancel()
    await asyncio.wait([putting])
    assert putting.cancelled()
    assert not await storage.exists("a")


async def test_a_file_being_read_stays_whole_when_it_is_replaced(folder: FolderStorage) -> None:
    await folder.put("a", b"1" * (2 * base.CHUNK))
    reading = folder.stream("a")
    first = await anext(reading)
    await folder.put("a", b"2" * (2 * base.CHUNK))
    rest = b"".join([part async for part in reading])
    assert set(first + rest) == {ord("1")}

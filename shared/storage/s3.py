"""Files in an S3 bucket, through boto3 in threads."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import TooLarge, Unavailable
from shared.storage.base import (
    CHUNK,
    DEFAULT_TYPE,
    LARGEST_GET,
    Content,
    Found,
    Missing,
    check_key,
    pieces,
)
from shared.telemetry.clean import clean

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# S3 wants at least 5 MiB a part but the last, and at most 10,000 parts: 80 GiB a file.
PART = 8 * 1024 * 1024
PARTS = 10_000
THREADS = 16
CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"max_attempts": 4, "mode": "standard"},
    max_pool_connections=THREADS,
)
ABSENT = ("NoSuchKey", "404", "NotFound")

T = TypeVar("T")

log = logging.getLogger(__name__)


class S3Storage:
    """Keys lie in `bucket` under `prefix`. boto3 finds credentials and endpoint its usual way."""

    def __init__(
        self, bucket: str, prefix: str = "", *, region: str, endpoint: str | None = None
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._region = region
        self._endpoint = endpoint
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")
        self._making = asyncio.Lock()
        self._made: S3Client | None = None

    async def put(self, key: str, content: Content, content_type: str = DEFAULT_TYPE) -> int:
        name = self._name(key)
        blocks = _blocks(content)
        first = await anext(blocks, b"")
        if len(first) == PART:
            return await self._put_parts(name, first, blocks, content_type)
        client = await self._client()
        await self._call(
            lambda: client.put_object(
                Bucket=self._bucket, Key=name, Body=first, ContentType=content_type
            )
        )
        return len(first)

    async def get(self, key: str) -> bytes:
        if await self.size(key) > LARGEST_GET:
            raise TooLarge(f"{key} is too large to be had in one piece")
        return b"".join([piece async for piece in self.stream(key)])

    async def stream(self, key: str) -> AsyncGenerator[bytes, None]:
        name = self._name(key)
        client = await self._client()
        answer = await self._call(lambda: client.get_object(Bucket=self._bucket, Key=name), key)
        body = answer["Body"]
        try:
            while piece := await self._call(lambda: body.read(CHUNK)):
                yield piece
        finally:
            body.close()

    async def head(self, key: str) -> Found:
        name = self._name(key)
        client = await self._client()
        answer = await self._call(lambda: client.head_object(Bucket=self._bucket, Key=name), key)
        return Found(answer["ContentLength"], answer["ContentType"])

    async def exists(self, key: str) -> bool:
        try:
            await self.head(key)
        except Missing:
            return False
        return True

    async def size(self, key: str) -> int:
        return (await self.head(key)).size

    async def delete(self, key: str) -> None:
        name = self._name(key)
        client = await self._client()
        await self._call(lambda: client.delete_object(Bucket=self._bucket, Key=name))

    async def list_keys(self, prefix: str = "") -> AsyncIterator[str]:
        client = await self._client()
        pages = iter(
            client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
        )
        while page := await self._call(lambda: next(pages, None)):
            for item in page.get("Contents", []):
                yield item["Key"].removeprefix(self._prefix)

    async def close(self) -> None:
        if self._made is not None:
            self._made.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    async def _client(self) -> "S3Client":
        """The client; making it reads files and takes a moment, so it is made in a thread."""
        async with self._making:
            if self._made is None:
                self._made = await self._call(
                    lambda: boto3.session.Session().client(
                        "s3",
                        region_name=self._region,
                        endpoint_url=self._endpoint,
                        config=CONFIG,
                    )
                )
            return self._made

    async def _call(self, call: Callable[[], T], key: str = "") -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ABSENT and key:
                raise Missing(key) from None
            log.warning("the file storage refused: %s", clean(str(error)))
            raise Unavailable("the file storage refused; its log line says why") from error
        except (BotoCoreError, OSError) as error:
            log.warning("the file storage is not reachable: %s", clean(str(error)))
            raise Unavailable("the file storage is not reachable; try again") from error

    async def _put_parts(
        self, name: str, first: bytes, rest: AsyncIterator[bytes], content_type: str
    ) -> int:
        client = await self._client()
        begun = await self._call(
            lambda: client.create_multipart_upload(
                Bucket=self._bucket, Key=name, ContentType=content_type
            )
        )
        upload = begun["UploadId"]
        parts: list[CompletedPartTypeDef] = []
        size = 0
        try:
            async for block in _after(first, rest):
                parts.append(await self._put_part(name, upload, len(parts) + 1, block))
                size += len(block)
            await self._call(
                lambda: client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=name,
                    UploadId=upload,
                    MultipartUpload={"Parts": parts},
                )
            )
        except BaseException:
            # What is left of an upload costs money until it is given up. A task that is being
            # cancelled cannot wait for that, so a thread is left to it.
            self._threads.submit(self._abort, client, name, upload)
            raise
        return size

    async def _put_part(
        self, name: str, upload: str, number: int, block: bytes
    ) -> "CompletedPartTypeDef":
        if number > PARTS:
            raise TooLarge(f"a file has at most {PARTS * PART} bytes")
        client = await self._client()
        sent = await self._call(
            lambda: client.upload_part(
                Bucket=self._bucket, Key=name, UploadId=upload, PartNumber=number, Body=block
            )
        )
        return {"ETag": sent["ETag"], "PartNumber": number}

    def _abort(self, client: "S3Client", name: str, upload: str) -> None:
        with suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(Bucket=self._bucket, Key=name, UploadId=upload)


async def _blocks(content: Content) -> AsyncIterator[bytes]:
    """The content in blocks of `PART` bytes, the last one smaller."""
    waiting = bytearray()
    async for piece in pieces(content):
        waiting += piece
        while len(waiting) >= PART:
            yield bytes(waiting[:PART])
            del waiting[:PART]
    if waiting:
        yield bytes(waiting)


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for block in rest:
        yield block

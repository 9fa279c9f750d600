"""Where a request ends, as the apps are served: what could be read in two ways is not read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import APIRouter, Request

from shared.settings import Settings
from shared.web.app import create_web_app
from shared.web.serve import server_config
from shared.web.services import Services
from shared.web.settings import WebSettings
from tests.support.http import served

# What follows the head: a body to one reader, a request of its own to another.
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SIZE = len(HIDDEN)
PATIENCE_S = 30
router = APIRouter()


@router.post("/take")
async def take(request: Request) -> int:
    return len(await request.body())


@router.get("/hidden")
async def hidden() -> str:
    return "it was a request"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    database = f"sqlite+aiosqlite:///{tmp_path}/none.db"
    services = Services.from_settings(Settings(database_url=database))
    app = create_web_app(
        name="things", title="-", description="-", services=services, routers=[router]
    )
    config = server_config(app, WebSettings(port=0))
    config.lifespan, config.loop = "off", "none"
    async with served(config) as found:
        yield found
    await services.close()


async def answers(port: int, head: str) -> bytes:
    """All that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /take HTTP/1.1\r\nHost: x\r\n" + head.encode() + b"\r\n" + HIDDEN)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return answer


async def test_with_one_length_it_is_a_body(port: int) -> None:
    answer = await answers(port, f"Content-Length: {SIZE}\r\nConnection: close\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"%d" % SIZE)
    assert b"it was a request" not in answer


async def test_without_a_body_it_is_the_next_request(port: int) -> None:
    answer = await answers(port, "Content-Length: 0\r\n")
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b"it was a request" in answer


@pytest.mark.parametrize(
    "head",
    [
        f"Content-Length: 0\r\nContent-Length: {SIZE}\r\n",
        f"Content-Length: {SIZE}\r\nContent-Length: 0\r\n",
        f"Content-Length: {SIZE}\r\nContent-Length: {SIZE}\r\n",
        f"Content-Length: 0, {SIZE}\r\n",
        f"Content-Length: +{SIZE}\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x0\r\n",
        "Content-Length:\r\n",
        "Content-Length: 18446744073709551616\r\n",
    ],
)
async def test_two_lengths_or_none_that_is_a_number_are_refused(port: int, head: str) -> None:
    check_refused(await answers(port, head))


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
    ],
)
async def test_a_length_beside_chunks_or_an_unknown_coding_is_refused(port: int, head: str) -> None:
    check_refused(await answers(port, head))


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length : 0\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X-A: b\r\n Content-Length: 0\r\n",
        "X-A: b\nContent-Length: 0\r\n",
        "X-A: b\rContent-Length: 0\r\n",
        "X-A: \0\r\n",
    ],
)
async def test_a_header_whose_end_is_in_doubt_is_refused(port: int, head: str) -> None:
    check_refused(await answers(port, head))


def check_refused(answer: bytes) -> None:
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"it was a request" not in answer

"""Bounds on size and time, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from shared.web.limits import BODY_BYTES, HEADER_BYTES, URL_BYTES
from tests.support.http import client, served
from tests.support.until import until

JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def peer(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as made,
    ):
        yield made


async def pieces(size: int) -> AsyncIterator[bytes]:
    """A body without a declared length."""
    for _ in range(size // 65_536 + 1):
        yield b" " * 65_536


async def raw(app: FastAPI, data: bytes, *, half_close: bool = False) -> bytes:
    """What comes back for these bytes until the server closes."""
    async with served(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        await writer.drain()
        if half_close:
            writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return answer


@pytest.mark.parametrize("path", ["/v1/echo", "/v1/made", "/v1/nothing"])
async def test_a_body_declared_too_large_is_refused_unread(app: FastAPI, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n"
    answer = await raw(app, head.encode())
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"code":"too_large"' in answer
    assert b"connection: close" in answer.lower()


async def test_a_body_that_turns_out_too_large_is_refused(app: FastAPI) -> None:
    async with peer(app) as http:
        answer = await http.post("/v1/echo", content=pieces(BODY_BYTES), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


async def test_a_bulk_route_takes_more(app: FastAPI) -> None:
    async with peer(app) as http:
        answer = await http.post("/v1/bulk", content=b" " * (3 * BODY_BYTES))
        chunked = await http.post("/v1/bulk", content=pieces(2 * BODY_BYTES))
    assert answer.json() == {"bytes": 3 * BODY_BYTES}
    assert chunked.json()["bytes"] > 2 * BODY_BYTES


async def test_a_body_that_does_not_arrive_is_given_up(limited: Callable[..., FastAPI]) -> None:
    app = limited(body_s=0.1)
    head = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    answer = await raw(app, head + b'Content-Length: 100\r\n\r\n{"na')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"request_timeout"' in answer


async def test_a_body_that_breaks_off_does_nothing(app: FastAPI) -> None:
    async with served(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write(head + b'Content-Length: 100\r\n\r\n{"na')
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"http://127.0.0.1:{port}/healthz")
    assert answer.status_code == 200


@pytest.mark.parametrize("length", [b"x", b"-1", b"1.5"])
async def test_a_length_that_is_no_number_is_refused(app: FastAPI, length: bytes) -> None:
    head = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n"
    assert (await raw(app, head, half_close=True)).startswith(b"HTTP/1.1 400")


async def test_an_answer_that_takes_too_long_is_given_up(
    limited: Callable[..., FastAPI],
) -> None:
    app = limited(handler_s=0.1)
    async with client(app) as http:
        answer = await http.get("/v1/hang")
        assert answer.status_code == 504
        assert answer.json()["code"] == "too_slow"
    assert app.state.seen == ["cancelled"]


async def test_a_stream_may_go_on(limited: Callable[..., FastAPI]) -> None:
    app = limited(handler_s=0.1)
    async with peer(app) as http, http.stream("GET", "/v1/stream") as answer:
        total = 0
        async for part in answer.aiter_bytes():
            total += len(part)
            if total > 60_000:
                break
    await until(lambda: app.state.seen == ["closed"], "the stream is closed")


async def test_a_reader_that_goes_away_ends_the_stream(app: FastAPI) -> None:
    async with peer(app) as http:
        async with http.stream("GET", "/v1/stream") as answer:
            assert await anext(answer.aiter_bytes())
        await until(lambda: app.state.seen == ["closed"], "the stream is closed")
        assert (await http.get("/healthz")).status_code == 200


async def test_head_is_get_without_the_body(app: FastAPI) -> None:
    async with peer(app) as http:
        got = await http.get("/v1/things/x")
        head = await http.head("/v1/things/x")
        missing = await http.head("/v1/nothing")
        only_post = await http.head("/v1/echo")
    assert head.status_code == 200
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.content == b""
    assert (missing.status_code, missing.content) == (404, b"")
    assert only_post.status_code == 405


async def test_head_of_a_stream_ends(app: FastAPI) -> None:
    async with client(app) as http:
        answer = await asyncio.wait_for(http.head("/v1/stream"), 20)
    assert answer.status_code == 200
    assert answer.content == b""
    await until(lambda: app.state.seen == ["closed"], "the stream is closed")


async def test_a_long_address_is_refused(app: FastAPI) -> None:
    async with peer(app) as http:
        fits = await http.get(f"/v1/things/x?note={'y' * (URL_BYTES - 100)}")
        answer = await http.get(f"/v1/things/x?note={'y' * URL_BYTES}")
    assert fits.status_code == 200
    assert answer.status_code == 414
    assert answer.json()["code"] == "url_too_long"


@pytest.mark.parametrize(
    "headers", [{"X": "x" * HEADER_BYTES}, {f"X-{number}": "x" for number in range(100)}]
)
async def test_large_headers_are_refused(app: FastAPI, headers: dict[str, str]) -> None:
    async with peer(app) as http:
        answer = await http.get("/v1/things/x", headers=headers)
    assert answer.status_code == 431
    assert answer.json()["code"] == "headers_too_large"


async def test_a_request_id_is_given_back_or_made(http: httpx.AsyncClient) -> None:
    given = await http.get("/healthz", headers={"X-Request-Id": "abc-123"})
    made = await http.get("/healthz")
    assert given.headers["x-request-id"] == "abc-123"
    assert made.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "<script>", "a\tb"])
async def test_a_request_id_that_could_harm_a_log_is_replaced(
    http: httpx.AsyncClient, bad: str
) -> None:
    answer = await http.get("/healthz", headers={"X-Request-Id": bad})
    assert answer.headers["x-request-id"].startswith("req_")


async def test_answers_are_neither_stored_nor_guessed_at(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/things/x")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_what_is_no_http_is_told_so(app: FastAPI) -> None:
    assert (await raw(app, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")).startswith(b"HTTP/1.1 400")

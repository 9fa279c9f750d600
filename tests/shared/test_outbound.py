"""Addresses that customers chose: the open internet is asked, our own network is not."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import trustme

from shared.outbound import AddressRefused, NotReached, Outbound, host_of, is_public
from tests.support.servers import free_port

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"


@asynccontextmanager
async def _answering(
    answer: bytes, *, waits: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers each request so; its address, and what it was asked."""
    asked: list[bytes] = []
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        try:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            await (reader.read() if waits else asyncio.sleep(0))
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path?a=b", asked
    # Those that wait for more are let go; no connection is left to the collector of garbage.
    running = [task for task in serving if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _whole(body: bytes, more: str = "") -> bytes:
    return f"{HEAD}{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111"])
def test_these_addresses_are_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2001::1",
        "2002:7f00:1::",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    ],
)
def test_these_are_not(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "ftp://example.com",
        "//example.com",
        "https://",
        "https://user:password@example.com",
        "https://example.com#part",
        "https://example.com:port",
        "https://[::1",
        "https://ex\u00e4mple.com",
    ],
)
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        host_of(url, anywhere=False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "169.254.169.254"]
)
async def test_nothing_in_our_own_network_is_asked(host: str) -> None:
    async with _answering(_whole(b"{}")) as (url, asked):
        port = url.partition("127.0.0.1:")[2]
        with pytest.raises((AddressRefused, NotReached)):
            await Outbound(anywhere=False).get(f"https://{host}:{port}")
    assert asked == []


async def test_an_answer_is_read_whole() -> None:
    async with _answering(_whole(b'{"a": 1}')) as (url, asked):
        outbound = Outbound(anywhere=True)
        reply = await outbound.get(url, {"X-More": "1"})
        await outbound.close()
    assert (reply.status, reply.media_type, reply.document()) == (200, "application/json", {"a": 1})
    assert asked[0].startswith(b"GET /path?a=b HTTP/1.1\r\n")
    assert b"x-more: 1" in asked[0].lower()


async def test_a_redirect_is_an_answer_and_not_a_way_on() -> None:
    there = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with _answering(there) as (url, _asked):
        assert (await Outbound(anywhere=True).get(url)).status == 302


async def test_a_cookie_of_one_answer_goes_along_with_no_other_request() -> None:
    async with _answering(_whole(b"{}", "Set-Cookie: a=b; Path=/\r\n")) as (url, asked):
        outbound = Outbound(anywhere=True)
        await outbound.get(url)
        await outbound.get(url)
    assert b"cookie" not in asked[1].lower()


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        (_whole(b"[" * 5000), False),
        (f"{HEAD}\r\n".encode() + b"a" * 5000, False),
        (_whole(b"x", "Content-Encoding: gzip\r\n"), False),
        (HEAD.encode(), True),
        (f"{HEAD}Content-Length: 9\r\n\r\n1".encode(), True),
        (b"no http\r\n\r\n", False),
        (b"", False),
    ],
    ids=["long", "endless", "compressed", "half a head", "half a body", "not http", "nothing"],
)
async def test_an_answer_that_breaks_a_bound_is_none(answer: bytes, waits: bool) -> None:
    async with _answering(answer, waits=waits) as (url, _asked):
        with pytest.raises(NotReached):
            await Outbound(anywhere=True, seconds=0.2, largest=4096).get(url)


@pytest.mark.parametrize("body", [b"", b"[]", b"no", b"[" * 100_000, b"\xff"])
async def test_what_is_no_json_object_is_no_document(body: bytes) -> None:
    async with _answering(_whole(body)) as (url, _asked):
        reply = await Outbound(anywhere=True).get(url)
    with pytest.raises(NotReached):
        reply.document()


@pytest.mark.parametrize("host", ["127.0.0.1", "nobody.invalid"])
async def test_nobody_there_is_told_so(host: str) -> None:
    ask: Callable[[str], Awaitable[object]] = Outbound(anywhere=True, seconds=2).get
    with pytest.raises(NotReached):
        await ask(f"http://{host}:{free_port()}/")


def _contexts(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server whose certificate is for `name`, and of a client that believes in it."""
    authority = trustme.CA()
    server, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(server)
    authority.configure_trust(ours)
    return server, ours


async def test_the_certificate_has_to_be_that_of_the_name_and_not_of_the_address() -> None:
    server, trust = _contexts("localhost")
    async with _answering(_whole(b"{}"), tls=server) as (url, asked):
        there = url.replace("http://127.0.0.1", "https://localhost")
        assert (await Outbound(anywhere=True, trust=trust).get(there)).status == 200
    assert b"host: localhost:" in asked[0].lower()


@pytest.mark.parametrize("name", ["other.example.com", "127.0.0.1"])
async def test_with_another_certificate_nothing_is_asked(name: str) -> None:
    server, trust = _contexts(name)
    async with _answering(_whole(b"{}"), tls=server) as (url, asked):
        with pytest.raises(NotReached):
            await Outbound(anywhere=True, trust=trust).get(
                url.replace("http://127.0.0.1", "https://localhost")
            )
    assert asked == []

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from shared.errors import ConfigurationError
from shared.telemetry import internal
from shared.telemetry.internal import InternalServer


@dataclass
class State:
    ready: bool = True
    port: int = 0

    async def is_ready(self) -> bool:
        return self.ready


@pytest.fixture
async def state() -> AsyncIterator[State]:
    registry = CollectorRegistry()
    Counter("things_total", "Things", registry=registry).inc(3)
    made = State()
    server = InternalServer(made.is_ready, registry=registry, request_s=0.2)
    await server.start(0, "127.0.0.1")
    made.port = server.port
    yield made
    await server.close()


async def ask(state: State, method: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.request(method, f"http://127.0.0.1:{state.port}{path}")


async def raw(state: State, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", state.port)
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


async def test_metrics_are_prometheus_text(state: State) -> None:
    answer = await ask(state, "GET", "/metrics?x=1")
    assert "things_total 3.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/metrics", "/nothing"])
async def test_text_says_how_it_is_written(state: State, path: str) -> None:
    kind = (await ask(state, "GET", path)).headers["content-type"]
    assert kind.startswith("text/plain")
    assert "charset=utf-8" in kind


async def test_it_is_alive_even_when_it_is_not_ready(state: State) -> None:
    state.ready = False
    assert (await ask(state, "GET", "/healthz")).status_code == 200
    assert (await ask(state, "GET", "/readyz")).status_code == 503


async def test_it_is_ready(state: State) -> None:
    assert (await ask(state, "GET", "/readyz")).json() == {"status": "ok"}


async def test_a_check_that_fails_means_not_ready() -> None:
    async def fail() -> bool:
        raise RuntimeError

    server = InternalServer(fail)
    await server.start(0, "127.0.0.1")
    assert (await ask(State(port=server.port), "GET", "/readyz")).status_code == 503
    await server.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/x", 404), ("POST", "/metrics", 405)],
)
async def test_nothing_else_is_there(state: State, method: str, path: str, status: int) -> None:
    assert (await ask(state, method, path)).status_code == status


async def test_head_has_no_body(state: State) -> None:
    answer = await ask(state, "HEAD", "/healthz")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", b"400"),
        (b"GET /healthz\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\n", b"408"),
        (b"", b"408"),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 20_000, b"431"),
    ],
)
async def test_what_is_no_request_is_told_so(state: State, data: bytes, status: bytes) -> None:
    assert (await raw(state, data)).startswith(b"HTTP/1.1 " + status)


async def test_connections_are_bounded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internal, "CONNECTIONS", 0)
    assert await raw(state, b"") == b""


async def test_a_port_in_use_names_the_setting() -> None:
    async def ready() -> bool:
        return True

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match="FORTRESS_INTERNAL_PORT"):
            await InternalServer(ready).start(taken.getsockname()[1], "127.0.0.1")

"""The internal port: `/metrics`, `/healthz` and `/readyz`, without a web framework.

Ingest has nothing else that speaks HTTP; the web apps keep their metrics off the public port.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from shared.errors import ConfigurationError

HEAD_BYTES = 8_192
REQUEST_S = 5.0
CHECK_S = 5.0
CONNECTIONS = 50
PLAIN = "text/plain; charset=utf-8"
REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}

Ready = Callable[[], Awaitable[bool]]
Answer = tuple[int, str, bytes]

log = logging.getLogger(__name__)


@asynccontextmanager
async def internal_port(port: int, ready: Ready) -> AsyncIterator[None]:
    """Answer on `port` inside the block; with port 0, nowhere. Raises `ConfigurationError`."""
    server = InternalServer(ready)
    if port:
        await server.start(port)
    try:
        yield
    finally:
        await server.close()


class InternalServer:
    """Answers one request a connection. `ready` says whether this process can serve now."""

    def __init__(
        self, ready: Ready, *, registry: CollectorRegistry = REGISTRY, request_s: float = REQUEST_S
    ) -> None:
        self._ready = ready
        self._registry = registry
        self._request_s = request_s
        self._open = 0
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self, port: int, host: str = "0.0.0.0") -> None:  # noqa: S104 - probes come from the platform
        """Listen. Raises `ConfigurationError` where the port is taken."""
        try:
            self._server = await asyncio.start_server(
                self._connected, host, port, limit=HEAD_BYTES, reuse_address=True
            )
        except OSError as error:
            raise ConfigurationError(
                f"FORTRESS_INTERNAL_PORT: {host}:{port} cannot be listened on ({error.strerror}); "
                "stop what uses it or set another port"
            ) from None

    async def close(self) -> None:
        """Stop listening; requests under way end with their connection."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= CONNECTIONS:
                await self._exchange(reader, writer)
        except OSError:
            log.debug("the peer of the internal port went away")
        finally:
            self._open -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status, kind, body = 408, PLAIN, b"the request did not arrive in time\n"
        method = b"GET"
        with suppress(TimeoutError):
            async with asyncio.timeout(self._request_s):
                method, path = await _request(reader)
            status, kind, body = await self._answer(method, path)
        writer.write(_render(status, kind, body, with_body=method != b"HEAD"))
        with suppress(TimeoutError):
            await asyncio.wait_for(writer.drain(), self._request_s)

    async def _answer(self, method: bytes, path: bytes) -> Answer:
        if not path:
            status = 431 if method == b"LONG" else 400
            return status, PLAIN, b"not a request that is understood here\n"
        if method not in (b"GET", b"HEAD"):
            return 405, PLAIN, b"only GET and HEAD\n"
        if path == b"/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == b"/healthz":
            return _state(200, "ok")
        if path == b"/readyz":
            return await self._readiness()
        return 404, PLAIN, b"/metrics, /healthz or /readyz\n"

    async def _readiness(self) -> Answer:
        try:
            ready = await asyncio.wait_for(self._ready(), CHECK_S)
        except Exception:
            log.exception("whether this process is ready could not be found out")
            ready = False
        return _state(200, "ok") if ready else _state(503, "not ready")


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Method and path. An empty path: what came is no request, or (method LONG) is too long."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return b"LONG", b""
    except asyncio.IncompleteReadError:
        return b"", b""
    parts = head.split(b"\r\n", 1)[0].split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
        return b"", b""
    return parts[0], parts[1].split(b"?", 1)[0]


def _state(status: int, text: str) -> Answer:
    return status, "application/json", json.dumps({"status": text}).encode()


def _render(status: int, kind: str, body: bytes, *, with_body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")

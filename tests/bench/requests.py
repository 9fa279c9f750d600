"""Requests over kept connections, encoded before the clock starts; answers are only counted."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from statistics import median

HOST = "127.0.0.1"


def get(path: str, headers: Mapping[str, str]) -> bytes:
    """A GET request as bytes."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: api.fortress.localhost\r\n{head}\r\n".encode()


async def p50_ms(port: int, requests: Sequence[bytes]) -> float:
    """Milliseconds that half of the answers take at most, asked one after the other."""
    return median(await _ask(port, requests)) * 1000


async def rate(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Answers a second over several connections at once."""
    began = time.perf_counter()
    await asyncio.gather(*(_ask(port, requests[at::connections]) for at in range(connections)))
    return len(requests) / (time.perf_counter() - began)


async def _ask(port: int, requests: Sequence[bytes]) -> list[float]:
    """Seconds that each answer took. Fails for one that is not 200."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 20)
    took = []
    try:
        for request in requests:
            began = time.perf_counter()
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200 "), head
            length = head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            await reader.readexactly(int(length))
            took.append(time.perf_counter() - began)
    finally:
        writer.close()
    return took

"""Calling an app in process, without a client between: quick, and an endless answer can end."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message

from tests.isolation.entry import Call

# Requests of the walk take milliseconds.
DEADLINE_S = 20.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str
    # Tables in which something is not as it should have stayed.
    changed: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The status and the beginning of the body, for a message."""
        return f"{self.status} {self.body[:300]!r}"

    @property
    def everything(self) -> str:
        """All that the caller sees."""
        return "\n".join([*(f"{k}: {v}" for k, v in self.headers.items()), self.body])


class _Exchange:
    def __init__(self, call: Call, *, stream: bool) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self._stream = stream
        self._over = asyncio.Event()
        self._request: Message | None = {
            "type": "http.request",
            "body": call.body,
            "more_body": False,
        }

    async def receive(self) -> Message:
        if self._request is not None:
            request, self._request = self._request, None
            return request
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self.parts.append(message["body"])
            if self._stream or not message.get("more_body", False):
                self._over.set()


async def send(
    app: ASGIApp, call: Call, headers: dict[str, str], *, host: str, stream: bool = False
) -> Answer:
    """What `app` answers. Of an answer that is a `stream` only the first part."""
    exchange = _Exchange(call, stream=stream)
    scope = _scope(call, {"host": host, **headers})
    await asyncio.wait_for(app(scope, exchange.receive, exchange.send), DEADLINE_S)
    body = b"".join(exchange.parts).decode("utf-8", "replace")
    return Answer(exchange.status, exchange.headers, body)


def _scope(call: Call, headers: dict[str, str]) -> dict[str, Any]:
    path, _, query = call.target.partition("?")
    if call.body:
        headers |= {"content-length": str(len(call.body)), "content-type": call.content_type or ""}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("192.0.2.1", 50_000),
        "server": (headers["host"], 80),
    }

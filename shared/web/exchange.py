"""The two sides of one request: its body, bounded, and its answer."""

import asyncio
import time
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared.errors import DomainError, RequestTimeout, TooLarge
from shared.web.headers import Headers


class Body:
    """The request's body as it arrives: `bound` bytes at most, whole within `seconds`.

    What breaks a bound is kept in `refusal` and raised: the framework makes another error of it.
    `whole` is called when the last of the body is there.
    """

    def __init__(
        self, receive: Receive, *, bound: int, seconds: float, whole: Callable[[], None]
    ) -> None:
        self.refusal: DomainError | None = None
        self._receive = receive
        self._bound = bound
        self._seconds = seconds
        self._whole = whole
        self._deadline: float | None = None
        self._taken = 0
        self._more = True

    async def receive(self) -> Message:
        if not self._more:
            return await self._receive()
        try:
            message = await self._next()
        except DomainError as error:
            self.refusal = error
            raise
        if not self._more:
            self._whole()
        return message

    async def _next(self) -> Message:
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._seconds
        try:
            message = await asyncio.wait_for(self._receive(), self._deadline - now)
        except TimeoutError:
            raise RequestTimeout(f"the body did not arrive within {self._seconds:g} s") from None
        self._taken += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        if self._taken > self._bound:
            raise TooLarge(f"the body is larger than {self._bound} bytes")
        return message


class Answer:
    """The answer on its way out: it gets our headers, and `status` is what was sent.

    With `headless` only the head goes out, for HEAD. `hold` is asked before the answer begins:
    while it is true nothing goes out, because another answer will.
    """

    def __init__(
        self, scope: Scope, send: Send, *, headers: Headers, hold: Callable[[], bool]
    ) -> None:
        self.status = 0
        self.ended = False
        self.began: Callable[[], None] = lambda: None
        # Called when the rest of the answer is not wanted.
        self.cut: Callable[[], None] = lambda: None
        self._request_id: str = scope["fortress.request_id"]
        self._headless = scope["method"] == "HEAD"
        self._besides = headers
        self._send = send
        self._hold = hold

    async def send(self, message: Message) -> None:
        if self.ended or (not self.status and self._hold()):
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.began()
            message = {**message, "headers": self._headers(message.get("headers", []))}
        elif message["type"] == "http.response.body":
            message = self._body(message)
        await self._send(message)

    async def fail(self, response: Response, scope: Scope, receive: Receive) -> None:
        """Send this answer instead; where one has begun, all that is left is to break it off."""
        if self.status:
            return
        self._hold = lambda: False
        self.began = lambda: None
        # The rest of the request's body may still be on its way.
        response.headers["Connection"] = "close"
        await response(scope, receive, self.send)

    def _body(self, message: Message) -> Message:
        more = message.get("more_body", False)
        if self._headless:
            self.ended = True
            if more:
                self.cut()
            return {"type": "http.response.body", "body": b"", "more_body": False}
        self.ended = not more
        return message

    def _headers(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        ours = {
            b"x-request-id": self._request_id.encode(),
            b"cache-control": b"no-store",
            **dict(self._besides),
        }
        named = {name.lower() for name, _ in given}
        return [*given, *((name, value) for name, value in ours.items() if name not in named)]

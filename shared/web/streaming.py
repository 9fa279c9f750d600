"""Answers that go on for long: how many at once, and how long a reader may stand still."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared.errors import TooMany, Unavailable

log = logging.getLogger(__name__)


class Slots:
    """Places for answers that go on at the same time.

    `total` in this process, `each` for one organisation, so that one cannot take all; `what`
    names them in the plural.
    """

    def __init__(self, what: str, *, total: int, each: int) -> None:
        self._what = what
        self._total = total
        self._each = each
        self._taken: Counter[int] = Counter()

    @property
    def taken(self) -> int:
        return self._taken.total()

    @contextmanager
    def take(self, org_id: int) -> Iterator[None]:
        """A place until the block ends.

        Raises `TooMany` (429) when the organisation has its share, `Unavailable` (503) when the
        process is full.
        """
        if self._taken[org_id] >= self._each:
            raise TooMany(f"this organisation has {self._each} {self._what} open already")
        if self.taken >= self._total:
            raise Unavailable(f"this process has all the {self._what} that it takes; try again")
        self._taken[org_id] += 1
        try:
            yield
        finally:
            self._taken[org_id] -= 1
            if not self._taken[org_id]:
                del self._taken[org_id]


class BoundedStream(Response):
    """Chunks sent as they are made, in a slot, to a reader that keeps reading.

    The slot and the first chunk are taken before the first byte goes out, so that what fails
    until then is answered with a problem document. What fails later, and a reader that takes
    nothing for `stall_s`, breaks the connection off: the answer lacks its end and cannot be
    taken for a whole one.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        slots: Slots,
        org_id: int,
        stall_s: float,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(headers=dict(headers))
        del self.headers["content-length"]
        self._chunks = chunks
        self._slots = slots
        self._org_id = org_id
        self._stall_s = stall_s

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks):
            with self._slots.take(self._org_id):
                sending = asyncio.create_task(self._send_all(send))
                gone = asyncio.create_task(_disconnected(receive))
                try:
                    await asyncio.wait([sending, gone], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await _end(gone)
                    await _end(sending)
        if not sending.cancelled():
            sending.result()

    async def _send_all(self, send: Send) -> None:
        chunk = await anext(self._chunks, b"")
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        try:
            await self._send(send, chunk, more=True)
            async for chunk in self._chunks:
                await self._send(send, chunk, more=True)
            await self._send(send, b"", more=False)
        except TimeoutError:
            # Returning without the end makes the server close the connection.
            log.warning("a reader took nothing for %g s and was cut off", self._stall_s)

    async def _send(self, send: Send, chunk: bytes, *, more: bool) -> None:
        message: Message = {"type": "http.response.body", "body": chunk, "more_body": more}
        # Sending waits while the socket's buffer is full.
        await asyncio.wait_for(send(message), self._stall_s)


async def _end(task: asyncio.Task[None]) -> None:
    while not task.done():
        # Until Python 3.12, wait_for swallows a cancellation that comes with its result.
        task.cancel()
        await asyncio.wait([task], timeout=0.1)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

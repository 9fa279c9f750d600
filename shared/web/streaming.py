"""Answers that go on for long: how many at once, and how long a reader may stand still."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared.errors import TooMany, Unavailable


class Slots:
    """Places for answers that go on at the same time: `total` in this process, `each` for one
    organisation, so that one cannot take all. `what` names them in the plural."""

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
        """A place until the block ends. Raises `TooMany` (429) when the organisation has its
        share, `Unavailable` (503) when the process is full."""
        if self._taken[org_id] >= self._each:
            raise TooMany(f"there are {self._each} {self._what} of this organisation already")
        if self.taken >= self._total:
            raise Unavailable(f"this process has all the {self._what} that it takes; try again")
        self._taken[org_id] += 1
        try:
            yield
        finally:
            self._taken[org_id] -= 1
            if not self._taken[org_id]:
                del self._taken[org_id]


class SlowReader(ClientDisconnect):
    """The reader took nothing for too long; the connection is broken off."""


class BoundedStream(Response):
    """Chunks sent as they are made, in a slot, to a reader that keeps reading.

    The slot is taken before the first byte, so that a full process answers with a problem
    document. A failure after the first byte breaks the connection off: the answer lacks its end
    and cannot be taken for a whole one.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        slots: Slots,
        org_id: int,
        stall_s: float,
        headers: dict[str, str],
    ) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._chunks = chunks
        self._slots = slots
        self._org_id = org_id
        self._stall_s = stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks):
            with self._slots.take(self._org_id):
                await self._until_gone(receive, self._body(send))

    async def _until_gone(self, receive: Receive, body: "AsyncGenerator[None, None]") -> None:
        async def run() -> None:
            async with aclosing(body):
                async for _ in body:
                    pass

        sending = asyncio.create_task(run())
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait([sending, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.wait([sending, gone])
        if not sending.cancelled():
            sending.result()

"""A relay for TCP that can be cut, silenced and slowed while connections go through it."""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Self

BLOCK = 65_536
SLICE_S = 0.02


class Mode(Enum):
    """`cut`: connections are reset and refused. `silent`: nothing goes through and nobody is
    told, not even that the other side closed; what is sent waits. `slow`: so many bytes a second
    in each direction of a connection.
    """

    open = auto()
    cut = auto()
    silent = auto()
    slow = auto()


class FaultProxy:
    """Relays 127.0.0.1:`port` to another port of this host."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.connections = 0
        self._target = target
        self._rate = 0
        self._mode = Mode.open
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set(self, mode: Mode, *, rate: int = 0) -> None:
        """From now on; `rate` is bytes a second, for `slow`."""
        self._mode = mode
        self._rate = rate
        if mode is Mode.silent:
            self._speaks.clear()
        else:
            self._speaks.set()
        if mode is Mode.cut:
            self._reset()

    def _reset(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        self.connections += 1
        try:
            await self._connect(reader, writer)
        except OSError:
            pass  # one side went away: so does the other
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._speaks.wait()
        if self._mode is Mode.cut:
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(far_writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, far_writer))
                both.create_task(self._pass_on(far_reader, writer))
        except* OSError:
            pass  # see above
        finally:
            self._writers.discard(far_writer)
            far_writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            data = await reader.read(self._most())
            await self._speaks.wait()
            if self._mode is Mode.slow:
                await asyncio.sleep(SLICE_S)
            if not data:
                with suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    def _most(self) -> int:
        return max(1, int(self._rate * SLICE_S)) if self._mode is Mode.slow else BLOCK

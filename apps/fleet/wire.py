"""The client's connection: bytes to lines and back."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

LINE_BYTES = 65_536


class Wire(asyncio.Protocol):
    """One connection. `on_line` gets each line, `on_ready` is called when it can take more."""

    def __init__(
        self, on_line: Callable[["Wire", bytes], None], on_ready: Callable[[], None]
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.paused = False
        self.heard = time.monotonic()
        self._on_line = on_line
        self._on_ready = on_ready
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but name, so this cannot be asserted.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard = time.monotonic()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(self, line)
        if len(self._rest) > LINE_BYTES:
            self.abort()

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        self._on_ready()

    def abort(self) -> None:
        """End the connection at once, without sending what is buffered."""
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """End the connection when what is buffered is sent."""
        if self.transport is not None:
            self.transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)

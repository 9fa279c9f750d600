"""Crowds, from the side of who starts them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.builders import MadeDevice
from tests.support.servers import ROOT

# Far above what a crowd takes to have its last messages acknowledged.
END_S = 180.0


class Crowd:
    """A process that is a crowd; `met` is what it says at its end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.met: dict[str, Any] = {}

    async def end(self) -> None:
        out, err = await asyncio.wait_for(self._process.communicate(b""), END_S)
        assert self._process.returncode == 0, err.decode()[-2000:]
        self.met = json.loads(out)

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()


@asynccontextmanager
async def crowd(kind: str, port: int, **given: Any) -> AsyncIterator[Crowd]:
    """A crowd that is there inside the block and says at its end what it met."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.crowd", kind, str(port), json.dumps(given),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    made = Crowd(process)
    try:
        yield made
        await made.end()
    finally:
        made.kill()


def tokens(devices: list[MadeDevice]) -> list[dict[str, str]]:
    """What devices say hello with."""
    return [{"device": device.uid, "token": device.token} for device in devices]

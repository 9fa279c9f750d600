import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from shared.health import answers
from shared.telemetry.internal import InternalServer
from tests.support.servers import ROOT


async def ask(url: str) -> int | None:
    """The exit code of the check, run as a container's engine runs it."""
    command = (sys.executable, "-m", "shared.health", url)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    return await process.wait()


async def ready() -> bool:
    return False


@pytest.fixture
async def server() -> InternalServer:
    made = InternalServer(ready)
    await made.start(0, "127.0.0.1")
    return made


async def test_a_process_that_is_alive_is_healthy(server: InternalServer) -> None:
    assert await ask(f"http://127.0.0.1:{server.port}/healthz") == 0
    await server.close()


async def test_one_that_cannot_serve_now_is_alive_and_not_ready(server: InternalServer) -> None:
    assert await ask(f"http://127.0.0.1:{server.port}/readyz") == 1
    await server.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/healthz", "http://nowhere", "", "x:y:z/"])
def test_what_does_not_answer_is_not_healthy(url: str) -> None:
    assert not answers(url)

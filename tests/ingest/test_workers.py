"""Several ingest processes that share a port."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from apps.ingest.reports import hear, tell
from apps.ingest.settings import IngestSettings
from apps.ingest.supervisor import Supervisor
from shared.db import Database
from shared.errors import ConfigurationError
from shared.models import DeviceState
from tests.support.builders import make_device, make_tenant
from tests.support.ingest_process import IngestProcess
from tests.support.until import until
from tests.support.wire import Wire

# Waits for its end.
PATIENT = "import sys; sys.stdin.read()"


def settings(**more: object) -> IngestSettings:
    return IngestSettings(tcp_host="127.0.0.1", tcp_port=0, task="t", **more)  # type: ignore[arg-type]  # pydantic checks them


def running(script: str, **more: object) -> tuple[Supervisor, "asyncio.Task[int]"]:
    supervisor = Supervisor(settings(**more), (sys.executable, "-c", script))
    return supervisor, asyncio.create_task(supervisor.run())


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_process_that_dies_is_replaced() -> None:
    supervisor, work = running(PATIENT, workers=2)
    await until(lambda: len(supervisor.pids) == 2)
    first = supervisor.pids[0]
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(supervisor.pids) == 2 and first not in supervisor.pids)
    supervisor.stop()
    await work
    assert supervisor.pids == []


async def test_one_that_does_not_end_is_killed_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.ingest.supervisor.END_S", 0.1)
    script = "import os, signal; signal.signal(15, signal.SIG_IGN); os.write(0, b'1\\n')"
    supervisor, work = running(f"{script}; {PATIENT}", workers=2, drain_s=0.1)
    await until(lambda: supervisor.connections == 2)
    supervisor.stop()
    assert await work == 1


async def test_one_that_has_not_begun_ends_well() -> None:
    supervisor, work = running(PATIENT, workers=2)
    await until(lambda: len(supervisor.pids) == 2)
    supervisor.stop()
    assert await work == 0


async def test_a_port_in_use_is_said_at_once(taken: int) -> None:
    with pytest.raises(ConfigurationError, match="FORTRESS_TCP_PORT"):
        Supervisor(IngestSettings(tcp_host="127.0.0.1", tcp_port=taken, workers=2))


async def test_what_the_processes_have_is_said_once_and_as_a_sum(
    capsys: pytest.CaptureFixture[str],
) -> None:
    supervisor, work = running(f"import os; os.write(0, b'3\\n4\\n'); {PATIENT}", workers=2)
    await until(lambda: supervisor.connections == 8)
    os.kill(supervisor.pids[0], signal.SIGKILL)
    await until(lambda: supervisor.connections == 4)
    # The one that takes its place.
    await until(lambda: supervisor.connections == 8)
    supervisor.stop()
    await work
    assert supervisor.connections == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["ActiveConnections"] for line in said] == [0]


async def test_a_process_tells_its_supervisor_until_it_ends() -> None:
    ours, its = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    heard: list[int] = []
    stop = asyncio.Event()
    with its:
        hearing = asyncio.create_task(hear(reader, heard.append))
        telling = asyncio.create_task(tell(lambda: 7, its.fileno(), stop))
        await until(lambda: heard == [7])
        stop.set()
        await telling
    await hearing
    writer.close()


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
@pytest.mark.timeout(120)
async def test_devices_are_spread_over_processes_that_drain_together(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    tenant = await make_tenant(database)
    devices = [await make_device(database, tenant) for _ in range(16)]
    ingest = IngestProcess(database_url, tmp_path / "log", internal=False, workers=2)
    with ExitStack() as stack:
        ingest.start()
        stack.callback(ingest.end)
        lines = []
        for device in devices:
            line = Wire(*await asyncio.open_connection("127.0.0.1", ingest.port))
            await line.hello(device)
            await line.send({"s": 1, "v": {"temp": 1}})
            await line.acked(1)
            lines.append(line)
        async with database.read() as session:
            states = [await session.get(DeviceState, device.id) for device in devices]
        assert {state.ingest_task for state in states if state} <= {"killed-0", "killed-1"}
        ending = asyncio.create_task(asyncio.to_thread(ingest.end, signal.SIGTERM))
        for line in lines:
            assert (await line.read())["bye"] == 1
            line.writer.close()
        assert await ending == 0

"""Going away: one process alone, and one that is replaced while devices send."""

import asyncio
import random
import signal
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from shared.db import Database
from tests.ingest.conftest import Start
from tests.support.builders import make_device, make_tenant
from tests.support.ingest_process import IngestProcess
from tests.support.talkers import Talker, stored_numbers
from tests.support.until import until
from tests.support.wire import wire


async def test_devices_are_told_in_steps_and_served_until_they_are(
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await make_tenant(database)
    monkeypatch.setattr("apps.ingest.server.BYE_STEP_S", 3_600)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(start(bye_rate=1 / 3_600, drain_s=86_400))
        lines = [await stack.enter_async_context(wire(server.port)) for _ in range(3)]
        for line in lines:
            await line.hello(await make_device(database, tenant))
        draining = asyncio.create_task(server.drain())
        await until(lambda: server.draining)
        for line in lines:
            await line.send({"s": 1, "v": {"temp": 1}})
        answers = [await line.read() for line in lines]
        assert sum("bye" in answer for answer in answers) == 1
        assert answers.count({"a": 1}) == 2
        draining.cancel()
        monkeypatch.setattr("apps.ingest.server.BYE_STEP_S", 0.01)


async def test_all_are_told_in_the_time_there_is(start: Start, database: Database) -> None:
    tenant = await make_tenant(database)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(start(bye_rate=0.001, drain_s=10))
        lines = [await stack.enter_async_context(wire(server.port)) for _ in range(8)]
        for line in lines:
            await line.hello(await make_device(database, tenant))
        draining = asyncio.create_task(server.drain())
        retries = set()
        for line in lines:
            retries.add((await line.read())["retry"])
            line.writer.close()
        await draining
    assert len(retries) > 1
    assert all(2_000 <= retry < 4_000 for retry in retries)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
@pytest.mark.timeout(240)
async def test_a_rolling_replacement_under_load_loses_and_doubles_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    tenant = await make_tenant(database)
    common = {"internal": False, "workers": 2, "log_level": "INFO"}
    old = IngestProcess(database_url, tmp_path / "old", task="old", **common)  # type: ignore[arg-type]  # settings by name
    new = IngestProcess(database_url, tmp_path / "new", task="new", port=old.port, **common)  # type: ignore[arg-type]  # the same
    stop = asyncio.Event()
    with ExitStack() as stack:
        await asyncio.to_thread(old.start)
        stack.callback(old.end)
        talkers = [
            Talker(old.port, await make_device(database, tenant), random.Random(number), burst=20)
            for number in range(8)
        ]
        for talker in talkers:
            talker.client.start()
        talking = asyncio.gather(*(talker.talk(stop) for talker in talkers))
        await acknowledged(talkers, 50)
        await asyncio.to_thread(new.start)
        stack.callback(new.end)
        await until(lambda: new.log.count("devices connect") == 2, "both processes", 60)
        assert await asyncio.to_thread(old.end, signal.SIGTERM) == 0
        await acknowledged(talkers, 50)
        stop.set()
        await talking
        for talker in talkers:
            await talker.client.close()
        assert await asyncio.to_thread(new.end, signal.SIGTERM) == 0
    for talker in talkers:
        counts = await stored_numbers(database, talker.device)
        assert sorted(seq for _, seq in counts) == talker.sent
        assert set(counts.values()) == {1}


async def acknowledged(talkers: list[Talker], further: int) -> None:
    """Wait until each device had `further` messages more acknowledged."""
    before = [talker.acked for talker in talkers]
    await until(
        lambda: all(
            talker.acked >= at + further for talker, at in zip(talkers, before, strict=True)
        ),
        "acknowledgements",
        60,
    )

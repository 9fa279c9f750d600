"""What becomes of a batch when something fails that nobody foresaw."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from shared.db import Database
from shared.models import DeadLetter, Reading
from shared.readings import presence
from shared.readings.parcel import Parcel
from shared.readings.plan import Taken
from shared.readings.store import Store
from tests.ingest.conftest import Start
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.wire import wire

committed = Store.commit


async def numbers(database: Database, table: Any, device: MadeDevice) -> list[int]:
    async with database.read() as session:
        wanted = select(table.seq).where(table.device_id == device.id).order_by(table.seq)
        return list(await session.scalars(wanted))


async def test_a_driver_that_stumbles_once_makes_no_dead_letter(
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await make_device(database, await make_tenant(database))
    failures = iter([AttributeError("'NoneType' object has no attribute 'write'")])

    async def stumble(self: Store, *given: Any, **more: Any) -> list[Taken]:
        for failure in failures:
            raise failure
        return await committed(self, *given, **more)

    monkeypatch.setattr(Store, "commit", stumble)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send({"s": 1, "v": {"temp": 1}})
        assert await line.acked(1) == []
    assert await numbers(database, Reading, device) == [1]
    assert await numbers(database, DeadLetter, device) == []


async def test_a_message_that_always_fails_becomes_a_dead_letter_alone(
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await make_device(database, await make_tenant(database))

    async def fail(
        self: Store, where: Database, parcels: Sequence[Parcel], **more: Any
    ) -> list[Taken]:
        assert all(reading.seq != 2 for parcel in parcels for reading in parcel.readings)
        return await committed(self, where, parcels, **more)

    monkeypatch.setattr(Store, "commit", fail)
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await line.send(*({"s": n, "v": {"temp": 1}} for n in range(1, 6)))
        (rejected,) = await line.acked(5)
    assert (rejected["n"], rejected["code"]) == (2, "refused")
    assert await numbers(database, Reading, device) == [1, 3, 4, 5]
    assert await numbers(database, DeadLetter, device) == [2]


async def test_a_hello_whose_answer_never_comes_is_asked_again(
    start: Start, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await make_device(database, await make_tenant(database))
    silent = iter([asyncio.Event()])

    async def greet(*given: Any, **more: Any) -> Any:
        for never in silent:
            await never.wait()
        return await presence.greet(*given, **more)

    monkeypatch.setattr("apps.ingest.admission.greet", greet)
    monkeypatch.setattr("apps.ingest.admission.JUDGE_S", 0.1)
    async with start() as server, wire(server.port) as line:
        assert (await line.hello(device))["ok"] == 1

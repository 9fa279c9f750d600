"""Too many, and too many that are wrong: the rest is served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import update

from apps.ingest import entrance
from apps.ingest.entrance import Busy, Entrance
from apps.ingest.settings import IngestSettings
from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.ids import digest, new_secret
from shared.models import DeviceCredential
from tests.ingest.conftest import Start
from tests.support.builders import MadeDevice, Tenant, make_device, make_profile, make_tenant
from tests.support.until import until
from tests.support.wire import Wire, hello, wire

HERE = "127.0.0.1"


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await make_tenant(database)


@pytest.fixture
async def device(database: Database, tenant: Tenant) -> MadeDevice:
    return await make_device(database, tenant)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def lines(stack: AsyncExitStack, port: int, count: int) -> list[Wire]:
    return [await stack.enter_async_context(wire(port)) for _ in range(count)]


def wrong(uid: str) -> dict[str, object]:
    return {"hello": 1, "device": uid, "token": f"dt_{new_secret()}", "boot": 1}


async def test_beyond_the_rate_hellos_are_put_off_and_come_in_later(
    stack: AsyncExitStack, start: Start, database: Database, tenant: Tenant
) -> None:
    devices = [await make_device(database, tenant) for _ in range(6)]
    server = await stack.enter_async_context(start(hello_rate=0.05, hello_burst=4))
    answers = [
        await line.hello(device)
        for line, device in zip(await lines(stack, server.port, 6), devices, strict=True)
    ]
    assert [answer.get("ok") for answer in answers[:4]] == [1] * 4
    assert [answer.get("error") for answer in answers[4:]] == ["busy"] * 2
    # Each has a place of its own, and is not sent where the other comes.
    assert 20_000 < answers[4]["retry"] <= 24_000 < answers[5]["retry"] <= 44_000


async def test_hellos_that_wait_are_bounded() -> None:
    crowd: Entrance[int] = Entrance(IngestSettings(most_waiting=3))
    found = [crowd.enter(n, address=HERE, token=b"%d" % n, known=False) for n in range(5)]
    assert [isinstance(one, Busy) for one in found] == [False, False, False, True, True]
    assert await crowd.take(500) == [0, 1, 2]


async def test_wrong_tokens_are_answered_late_and_others_are_not_harmed(
    stack: AsyncExitStack,
    start: Start,
    device: MadeDevice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entrance, "REFUSAL_S", 3_600)
    monkeypatch.setattr(entrance, "LONGEST_REFUSAL_S", 3_600)
    server = await stack.enter_async_context(start(wrong_tokens=3))
    guesses = await lines(stack, server.port, 5)
    for line in guesses:
        await line.send(wrong(device.uid))
    for line in guesses[:3]:
        assert await line.read() == {"error": "unauthorized"}
    # The owner comes in, from the address and with the uid that the guesses had.
    (owner,) = await lines(stack, server.port, 1)
    assert (await owner.hello(device))["ok"] == 1


async def test_an_address_that_guesses_gets_a_share_and_known_tokens_are_not_held_up() -> None:
    crowd: Entrance[str] = Entrance(IngestSettings(wrong_tokens=2, hello_rate=100, hello_burst=100))
    for _ in range(4):
        crowd.refuse(lambda: None, address="1.1.1.1", uid="u")
    guesses = [
        crowd.enter("guess", address="1.1.1.1", token=b"%d" % n, known=False) for n in range(50)
    ]
    assert sum(one is None for one in guesses) == 10
    assert crowd.enter("known", address="1.1.1.1", token=b"k", known=True) is None
    assert crowd.enter("other", address="2.2.2.2", token=b"o", known=False) is None
    # What waits from the address does not hold up the rest either.
    assert (await crowd.take(10))[:2] == ["known", "other"]


async def test_guesses_are_looked_up_together_and_do_not_wait_for_ever() -> None:
    crowd: Entrance[int] = Entrance(IngestSettings(wrong_tokens=1))
    for _ in range(3):
        crowd.refuse(lambda: None, address="1.1.1.1", uid="u")
    taking = asyncio.create_task(crowd.take(500))
    for number in range(50):
        crowd.enter(number, address="1.1.1.1", token=b"%d" % number, known=False)
        await asyncio.sleep(0)
    assert await taking == list(range(50))
    # More than a batch takes: the rest is in the next one.
    for number in range(50):
        crowd.enter(number, address="1.1.1.1", token=b"%d" % number, known=False)
    assert len(await crowd.take(30) + await crowd.take(30)) == 50


async def test_of_a_flood_from_an_address_that_guesses_not_all_is_read(
    stack: AsyncExitStack, start: Start
) -> None:
    server = await stack.enter_async_context(start(wrong_tokens=1, hello_rate=0.0001))
    for _ in range(2):
        (guess,) = await lines(stack, server.port, 1)
        await guess.send(wrong("nobody"))
        assert await guess.read() == {"error": "unauthorized"}
    read, unread = await lines(stack, server.port, 2)
    assert await unread.closed()
    await read.send(wrong("nobody"))
    assert (await read.read())["error"] == "unauthorized"


async def test_of_a_flood_from_elsewhere_all_is_read() -> None:
    crowd: Entrance[str] = Entrance(IngestSettings(wrong_tokens=1, hello_rate=0.0001))
    hidden: Entrance[str] = Entrance(
        IngestSettings(wrong_tokens=1, hello_rate=0.0001, by_address=False)
    )
    for one in (crowd, hidden):
        for number in range(3):
            one.refuse(lambda: None, address="1.1.1.1", uid=f"{number}")
    assert [crowd.reads("1.1.1.1") for _ in range(3)] == [True, False, False]
    assert all(crowd.reads("2.2.2.2") for _ in range(9))
    assert all(hidden.reads("1.1.1.1") for _ in range(9))


async def test_where_addresses_are_hidden_they_are_not_looked_at() -> None:
    crowd: Entrance[str] = Entrance(IngestSettings(wrong_tokens=1, by_address=False))
    for number in range(9):
        crowd.refuse(lambda: None, address="1.1.1.1", uid=f"{number}")
    found = [crowd.enter("x", address="1.1.1.1", token=b"", known=False) for _ in range(999)]
    assert found == [None] * 999


async def test_refusals_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "MOST_REFUSALS", 2)
    crowd: Entrance[str] = Entrance(IngestSettings(wrong_tokens=1))
    answered: list[int] = []
    for number in range(5):
        crowd.refuse(lambda number=number: answered.append(number), address="1.1.1.1", uid="u")  # type: ignore[misc]  # a default binds it
    assert answered == [0, 3, 4]
    await until(lambda: sorted(answered) == [0, 1, 2, 3, 4])


async def test_connections_without_a_hello_are_bounded_and_the_oldest_goes(
    stack: AsyncExitStack, start: Start, device: MadeDevice
) -> None:
    server = await stack.enter_async_context(start(most_greeting=3))
    silent = await lines(stack, server.port, 3)
    (served,) = await lines(stack, server.port, 1)
    assert (await silent[0].read())["error"] == "busy"
    assert await silent[0].closed()
    assert (await served.hello(device))["ok"] == 1
    # Who said hello makes room.
    await lines(stack, server.port, 1)
    await served.send({"p": 1})
    assert await served.read() == {"p": 1}
    assert server.connections == 4


async def test_refused_ones_that_do_not_close_are_bounded(
    stack: AsyncExitStack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.ingest.connection.LINGER_S", 3_600)
    server = await stack.enter_async_context(start(most_greeting=2))
    for line in await lines(stack, server.port, 2):
        await line.send(b"no hello\n")
        assert await line.read() == {"error": "bad_hello"}
    for line in await lines(stack, server.port, 2):
        await line.send(b"no hello\n")
        await line.read()
    await until(lambda: server.connections == 2)


async def test_connections_from_one_address_are_bounded_where_asked_for(
    stack: AsyncExitStack, start: Start, device: MadeDevice
) -> None:
    server = await stack.enter_async_context(start(most_per_address=2))
    first, _ = await lines(stack, server.port, 2)
    (third,) = await lines(stack, server.port, 1)
    assert (await third.read())["error"] == "busy"
    assert (await first.hello(device))["ok"] == 1
    first.writer.close()
    await until(lambda: server.connections == 1)
    (fourth,) = await lines(stack, server.port, 1)
    assert (await fourth.hello(device))["ok"] == 1


async def test_two_copies_of_a_device_do_not_chase_each_other_without_end(
    stack: AsyncExitStack, start: Start, device: MadeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "SWAPS", 2)
    monkeypatch.setattr(entrance, "SWAP_S", 3_600)
    monkeypatch.setattr(entrance, "LONGEST_SWAP_S", 3_600)
    server = await stack.enter_async_context(start())
    copies = await lines(stack, server.port, 5)
    for line in copies[:4]:
        assert (await line.hello(device))["ok"] == 1
    await copies[4].send(hello(device))
    # The last one waits; the one before it works.
    await until(lambda: any(connection.judging for connection in server.sessions.open))
    await copies[3].send({"s": 1, "v": {"temp": 1}})
    await copies[3].acked(1)


async def rotate(database: Database, tenant: Tenant, device: MadeDevice) -> MadeDevice:
    token = f"dt_{new_secret()}"
    now = SystemClock().now()
    async with database.unit_of_work() as session:
        await session.execute(
            update(DeviceCredential)
            .where(DeviceCredential.device_id == device.id)
            .values(revoked_at=now)
        )
        session.add(
            DeviceCredential(
                org_id=tenant.id, device_id=device.id, token_hash=digest(token), created_at=now
            )
        )
    return MadeDevice(device.id, device.public_id, device.uid, token)


async def test_a_rotated_token_is_not_taken_from_memory(
    start: Start, database: Database, tenant: Tenant, device: MadeDevice, bus: MemoryBus
) -> None:
    async with start() as server:
        async with wire(server.port) as line:
            assert (await line.hello(device))["ok"] == 1
            rotated = await rotate(database, tenant, device)
            await bus.publish(f"device:{tenant.public_id}", b"{}")
            assert await line.read() == {"error": "unauthorized"}
        async with wire(server.port) as line:
            assert (await line.hello(device))["error"] == "unauthorized"
        async with wire(server.port) as line:
            assert (await line.hello(rotated))["ok"] == 1


async def test_a_token_that_was_unknown_counts_as_soon_as_it_exists(
    start: Start, database: Database, tenant: Tenant
) -> None:
    token = f"dt_{new_secret()}"
    async with start() as server:
        async with wire(server.port) as line:
            assert await line.hello(MadeDevice(0, "", "soon", token)) == {"error": "unauthorized"}
        made = await make_device(database, tenant, "soon")
        async with database.unit_of_work() as session:
            await session.execute(
                update(DeviceCredential)
                .where(DeviceCredential.device_id == made.id)
                .values(token_hash=digest(token))
            )
        async with wire(server.port) as line:
            assert (await line.hello(MadeDevice(made.id, "", "soon", token)))["ok"] == 1


async def test_messages_of_the_bus_that_were_lost_are_made_up_for(
    start: Start, database: Database, tenant: Tenant, device: MadeDevice, bus: MemoryBus
) -> None:
    async with start() as server, wire(server.port) as line:
        await line.hello(device)
        await rotate(database, tenant, device)
        for subscription in bus._subscriptions:
            subscription.missed += 1
        assert await line.read() == {"error": "unauthorized"}


async def test_a_kernel_that_keeps_fewer_waiting_is_named(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    setting = tmp_path / "somaxconn"
    await asyncio.to_thread(setting.write_text, "128\n")
    monkeypatch.setattr("apps.ingest.server.SOMAXCONN", setting)
    async with start():
        pass
    assert "net.core.somaxconn is 128: set it to 4096 or more" in caplog.text


async def test_a_device_that_cannot_be_judged_is_put_off_and_the_others_come_in(
    stack: AsyncExitStack, start: Start, database: Database, tenant: Tenant
) -> None:
    broken = await make_profile(database, tenant, {"temp": {"type": "no such type"}})
    bad = await make_device(database, tenant, profile_id=broken.id)
    good = [await make_device(database, tenant) for _ in range(4)]
    server = await stack.enter_async_context(start())
    first, *others = await lines(stack, server.port, 5)
    await first.send(hello(bad))
    for line, device in zip(others, good, strict=True):
        await line.send(hello(device))
    assert (await first.read())["error"] == "busy"
    assert [(await line.read()).get("ok") for line in others] == [1] * 4

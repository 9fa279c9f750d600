"""What every bus promises, on memory and on a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from shared.bus import Bus, MemoryBus, Message, inbox
from shared.bus.valkey import ValkeyBus
from shared.ids import new_id
from tests.support.until import until

MAKERS: dict[str, Callable[[str], Bus]] = {"memory": lambda _: MemoryBus(), "valkey": ValkeyBus}


@pytest.fixture(params=MAKERS)
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    made = MAKERS[request.param](request.getfixturevalue("valkey_url"))
    yield made
    await made.close()


@pytest.fixture
def channel() -> str:
    return f"live:{new_id('org')}"


async def test_a_message_arrives_as_it_was_sent(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    assert await bus.publish(channel, b"\x00\xff{}")
    assert await subscription.get(20) == Message(channel, b"\x00\xff{}")


async def test_messages_come_in_order(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    for number in range(100):
        await bus.publish(channel, b"%d" % number)
    came = [await subscription.get(20) for _ in range(100)]
    assert came == [Message(channel, b"%d" % number) for number in range(100)]


async def test_only_the_channels_asked_for_come(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel, f"{channel}:too")
    for name in (f"{channel}:other", channel, f"{channel}:too"):
        await bus.publish(name, b"")
    assert await subscription.get(20) == Message(channel, b"")
    assert await subscription.get(20) == Message(f"{channel}:too", b"")


async def test_every_subscription_gets_every_message(bus: Bus, channel: str) -> None:
    subscriptions = [await bus.subscribe(channel) for _ in range(3)]
    await bus.publish(channel, b"x")
    assert [await one.get(20) for one in subscriptions] == [Message(channel, b"x")] * 3


async def test_a_pattern_takes_all_that_match(bus: Bus, channel: str) -> None:
    subscription = await bus.psubscribe(f"{channel}:*")
    for name in (channel, f"{channel}:", f"{channel}:a:b"):
        await bus.publish(name, b"")
    assert await subscription.get(20) == Message(f"{channel}:", b"")
    assert await subscription.get(20) == Message(f"{channel}:a:b", b"")


async def test_in_a_pattern_only_the_star_is_special(bus: Bus, channel: str) -> None:
    subscription = await bus.psubscribe(f"{channel}:[a]?*")
    for name in (f"{channel}:ab", f"{channel}:[a]?", f"{channel}:[a]?b"):
        await bus.publish(name, b"")
    assert await subscription.get(20) == Message(f"{channel}:[a]?", b"")
    assert await subscription.get(20) == Message(f"{channel}:[a]?b", b"")


async def test_waiting_ends_without_a_message(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    assert await subscription.get(0.01) is None
    assert await subscription.get(0) is None


async def test_a_message_after_a_wait_that_ended_is_not_lost(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    await subscription.get(0.01)
    await bus.publish(channel, b"x")
    assert await subscription.get(20) == Message(channel, b"x")


async def test_a_cancelled_wait_loses_no_message(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    waiting = asyncio.create_task(subscription.get())
    await asyncio.sleep(0)
    await bus.publish(channel, b"x")
    waiting.cancel()
    await asyncio.wait([waiting])
    took = [] if waiting.cancelled() else [waiting.result()]
    assert [*took, await subscription.get(20 if not took else 0)][0] == Message(channel, b"x")


async def test_closing_ends_a_wait(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    waiting = asyncio.create_task(subscription.get())
    await asyncio.sleep(0)
    await subscription.close()
    assert await asyncio.wait_for(waiting, 20) is None


async def test_closing_ends_an_iteration(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    came: list[bytes] = []

    async def read() -> None:
        async for message in subscription:
            came.append(message.data)  # noqa: PERF401 - read while it goes on

    reading = asyncio.create_task(read())
    await bus.publish(channel, b"x")
    await until(lambda: came == [b"x"])
    await subscription.close()
    await asyncio.wait_for(reading, 20)


async def test_closing_twice_is_fine(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    await subscription.close()
    await subscription.close()
    assert await subscription.get() is None


async def test_closing_the_bus_ends_every_wait(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    waiting = asyncio.create_task(subscription.get())
    await asyncio.sleep(0)
    await bus.close()
    assert await asyncio.wait_for(waiting, 20) is None
    assert await bus.publish(channel, b"x") is False
    assert await bus.ping() is False
    await bus.close()
    with pytest.raises(RuntimeError, match="closed"):
        await bus.subscribe(channel)


async def test_each_message_goes_to_one_of_several_waits(bus: Bus, channel: str) -> None:
    subscription = await bus.subscribe(channel)
    waits = [asyncio.create_task(subscription.get(20)) for _ in range(3)]
    await asyncio.sleep(0)
    for data in (b"1", b"2", b"3"):
        await bus.publish(channel, data)
    came = [await wait for wait in waits]
    assert sorted(message.data for message in came if message) == [b"1", b"2", b"3"]


async def test_a_reader_that_falls_behind_loses_the_oldest(
    bus: Bus, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "QUEUE", 10)
    subscription = await bus.subscribe(channel)
    for number in range(15):
        await bus.publish(channel, b"%d" % number)
    await until(lambda: subscription.missed == 5)
    assert await subscription.get() == Message(channel, b"5")
    assert subscription.gaps == 0


async def test_it_answers_a_ping(bus: Bus) -> None:
    assert await bus.ping()

"""A server that goes away and comes back."""

import asyncio
import time
from contextlib import ExitStack
from typing import Self

import pytest

from shared.bus import Message, connect_bus, valkey
from shared.bus.valkey import ValkeyBus
from shared.settings import Settings
from shared.telemetry import logs
from tests.support import servers
from tests.support.logged import logged
from tests.support.until import until


async def start(stack: ExitStack, port: int) -> None:
    await asyncio.to_thread(stack.enter_context, servers.valkey(port))


async def test_delivery_resumes_when_the_server_is_back() -> None:
    port = servers.free_port()
    bus = ValkeyBus(f"redis://127.0.0.1:{port}/0")
    with ExitStack() as first:
        await start(first, port)
        subscription = await bus.subscribe("live:a", "live:b")
        pattern = await bus.psubscribe("live:*")
        assert await bus.publish("live:a", b"before")
        await asyncio.to_thread(first.close)
    assert await bus.publish("live:a", b"lost") is False
    assert await bus.ping() is False
    with ExitStack() as second:
        await start(second, port)
        await until(lambda: subscription.gaps == 1 and pattern.gaps == 1, "both are back")
        await until(lambda: bus.publish("live:b", b"after"), "the bus takes messages")
        assert await subscription.get(20) == Message("live:a", b"before")
        assert await subscription.get(20) == Message("live:b", b"after")
        assert await pattern.get(20) == Message("live:a", b"before")
        assert await pattern.get(20) == Message("live:b", b"after")
        await bus.close()


async def test_a_subscription_made_without_a_server_begins_when_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(valkey, "CONNECT_S", 0.2)
    port = servers.free_port()
    bus = ValkeyBus(f"valkey://127.0.0.1:{port}/0")
    subscription = await bus.subscribe("live:a")
    with ExitStack() as stack:
        await start(stack, port)
        await until(lambda: subscription.gaps == 1, "it is subscribed")
        await until(lambda: bus.publish("live:a", b"x"))
        assert await subscription.get(20) == Message("live:a", b"x")
        await bus.close()


async def test_a_subscription_without_a_server_is_said_of_no_request() -> None:
    bus = ValkeyBus(f"valkey://127.0.0.1:{servers.free_port()}/0")
    with logged() as lines:
        with logs.bound(who="usr_1"):
            await bus.subscribe("live:a")
        said = await until(lambda: [one for one in lines() if "without the bus" in one["message"]])
        await bus.close()
    assert "who" not in said[0]


class Deaf:
    """A server that accepts and never answers."""

    async def __aenter__(self) -> Self:
        self.writers: list[asyncio.StreamWriter] = []

        async def keep(_reader: object, writer: asyncio.StreamWriter) -> None:
            self.writers.append(writer)

        self._server = await asyncio.start_server(keep, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self.writers:
            writer.close()
        self._server.close()


async def test_publishing_to_a_server_that_does_not_answer_gives_up_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(valkey, "PUBLISH_S", 0.1)
    async with Deaf() as deaf:
        bus = ValkeyBus(deaf.url)
        started = time.monotonic()
        assert await bus.publish("live:a", b"x") is False
        assert time.monotonic() - started < 5
        assert await bus.ping() is False
        await bus.close()


async def test_after_a_failure_nobody_waits_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "PAUSE_S", 60)
    port = servers.free_port()
    bus = ValkeyBus(f"redis://127.0.0.1:{port}/0")
    assert await bus.publish("live:a", b"x") is False
    with ExitStack() as stack:
        await start(stack, port)
        assert await bus.publish("live:a", b"x") is False
        assert await bus.ping()
        await bus.close()


async def test_a_silent_connection_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "CONNECT_S", 0.1)
    monkeypatch.setattr(valkey, "ANSWER_S", 0.1)
    async with Deaf() as deaf:
        bus = ValkeyBus(deaf.url)
        subscription = await bus.subscribe("live:a")
        await until(lambda: len(deaf.writers) > 1, "it has tried again")
        await bus.close()
        assert await subscription.get() is None


async def test_an_idle_subscription_stays_alive_by_pings(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "PING_S", 0.01)
    bus = ValkeyBus(valkey_url)
    subscription = await bus.subscribe("live:ping")
    assert await subscription.get(0.3) is None
    await bus.publish("live:ping", b"x")
    assert await subscription.get(20) == Message("live:ping", b"x")
    assert subscription.gaps == 0
    await bus.close()


def test_the_setting_chooses_the_bus() -> None:
    assert isinstance(connect_bus(Settings(bus_url="valkeys://example.test:6380/0")), ValkeyBus)

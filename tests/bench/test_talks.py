"""Devices of the load against a server that acknowledges everything."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.bench.devices.messages import FIRST, LINE, LoadError, block, hello
from tests.bench.devices.talks import Talked, Talks

T = 1_763_740_801_000
DEVICES = 5
# Short: what is sent is counted, not how fast.
SECONDS = 0.05


class Server:
    """Welcomes, counts whole messages and acknowledges them; `most` is the largest write seen."""

    def __init__(self, answer: bytes = b'{"ok":1}\n') -> None:
        self.received = 0
        self.most = 0
        self.port = 0
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(self._answer)
        held = upto = 0
        while data := await reader.read(1 << 20):
            self.most = max(self.most, len(data) // LINE)
            whole, held = divmod(held + len(data), LINE)
            self.received += whole
            upto += whole
            if whole:
                writer.write(b'{"a":%d}\n' % (FIRST + upto - 1))
        writer.close()


@asynccontextmanager
async def _serving(server: Server) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


async def _talk(server: Server, how: Callable[[Talks], Any]) -> Any:
    hellos = [hello(f"d{number}", "dt_x", 1) for number in range(DEVICES)]

    def live() -> Any:
        talks = Talks(server.port, hellos, block(20_000, T))
        try:
            return how(talks)
        finally:
            talks.leave()

    return await asyncio.to_thread(live)


@pytest.mark.parametrize("each", [False, True])
async def test_a_device_keeps_to_its_window_and_ends_with_everything_acknowledged(
    each: bool,
) -> None:
    def how(talks: Talks) -> Talked:
        talks.greet(first=False)
        return talks.closed(window=8, seconds=SECONDS, each=each)

    async with _serving(Server()) as server:
        talked = await _talk(server, how)

    assert talked.acked == talked.sent == server.received > DEVICES
    assert server.most <= 8


async def test_every_message_that_was_due_has_a_latency() -> None:
    def how(talks: Talks) -> Talked:
        talks.greet(first=False)
        return talks.timed(rate=1_000, seconds=SECONDS)

    async with _serving(Server()) as server:
        talked = await _talk(server, how)

    due = sorted(talked.timed[::2])
    assert talked.acked == server.received == 50 == len(due)
    assert due == pytest.approx([talked.began + number / 1_000 for number in range(50)])
    assert min(talked.timed[1::2]) >= 0


async def test_a_flood_offers_no_more_than_its_rate() -> None:
    def how(talks: Talks) -> Talked:
        talks.greet(first=False)
        return talks.flood(rate=2_000, seconds=SECONDS, window=1_000_000, after=60)

    async with _serving(Server()) as server:
        talked = await _talk(server, how)

    assert 0 < talked.sent <= 2_000 * SECONDS
    assert talked.acked == server.received == talked.sent
    assert sum(talked.reached) == talked.acked


@pytest.mark.parametrize("each", [False, True])
async def test_pouring_sends_all_without_an_acknowledgement(each: bool) -> None:
    def how(talks: Talks) -> Talked:
        talks.greet(first=False, answered=False)
        talked = talks.pour(each=each, messages=1_000)
        talks.closed(window=1_000, seconds=0, each=False)  # until all is acknowledged
        return talked

    async with _serving(Server(answer=b"")) as server:
        talked = await _talk(server, how)

    assert talked.sent == DEVICES * 1_000
    assert server.received >= talked.sent


async def test_the_first_message_goes_with_the_hello() -> None:
    async with _serving(Server()) as server:
        times = await _talk(server, lambda talks: talks.greet(first=True))

    assert len(times) == DEVICES
    assert server.received == DEVICES


async def test_who_is_refused_says_so() -> None:
    async with _serving(Server(answer=b'{"error":"busy","retry":5}\n')) as server:
        with pytest.raises(LoadError, match="busy"):
            await _talk(server, lambda talks: talks.greet(first=False))


async def test_nobody_there_is_said() -> None:
    server = Server()
    async with _serving(server):
        pass
    with pytest.raises(LoadError, match="cannot connect"):
        await _talk(server, lambda talks: talks.greet(first=False))


async def test_a_device_without_messages_ends_the_measurement() -> None:
    def how(talks: Talks) -> Talked:
        talks.greet(first=False)
        return talks.closed(window=20_001, seconds=SECONDS, each=False)

    async with _serving(Server()) as server:
        with pytest.raises(LoadError, match="no more than"):
            await _talk(server, how)

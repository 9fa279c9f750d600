import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from apps.fleet.client import Client, ClosedError, RefusedError, backoff
from apps.fleet.outbox import FileOutbox, MemoryOutbox, OutboxFullError
from tests.apps.fleet.scripted_server import ScriptedServer, scripted_server
from tests.support.until import until

NOW = 1_763_740_800_000


class Pauses:
    """Stands for sleeping: notes how long, and returns at once."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


def client_of(server: ScriptedServer, **more: Any) -> Client:
    more.setdefault("sleep", Pauses())
    return Client("127.0.0.1", server.port, "pump-7", "dt_secret", now_ms=lambda: NOW, **more)


async def test_it_says_hello_and_sends_what_it_has() -> None:
    async with (
        scripted_server() as server,
        client_of(server, outbox=MemoryOutbox(boot=12), firmware="2.4.1") as client,
    ):
        client.send_reading({"temp": 21.5, "door": False, "state": "idle"}, t=5)
        client.send_event("session.completed", {"kwh": "10.52"})
        peer, hello = await server.accept()
        assert hello == {
            "hello": 1,
            "device": "pump-7",
            "token": "dt_secret",
            "boot": 12,
            "fw": "2.4.1",
        }
        assert await peer.lines(2) == [
            {"s": 1, "t": 5, "v": {"temp": 21.5, "door": False, "state": "idle"}},
            {"s": 2, "t": NOW, "e": "session.completed", "d": {"kwh": "10.52"}},
        ]
        peer.send({"a": 2})
        await client.drain()
        assert client.acked == 2


async def test_it_never_has_more_under_way_than_the_window() -> None:
    async with scripted_server() as server, client_of(server) as client:
        for _ in range(5):
            client.send_reading({"n": 1})
        peer, _ = await server.accept(window=2)
        assert [m["s"] for m in await peer.lines(2)] == [1, 2]
        assert client.outbox.under_way == 2
        peer.send({"a": 1})
        assert (await peer.line())["s"] == 3
        peer.send({"a": 3})
        assert [m["s"] for m in await peer.lines(2)] == [4, 5]


async def test_what_the_server_already_has_is_not_sent_again() -> None:
    async with scripted_server() as server, client_of(server) as client:
        for _ in range(3):
            client.send_reading({"n": 1})
        peer, _ = await server.accept(last=2)
        assert (await peer.line())["s"] == 3


async def test_after_a_lost_connection_it_resends_what_was_not_acknowledged() -> None:
    async with scripted_server() as server, client_of(server) as client:
        for _ in range(3):
            client.send_reading({"n": 1})
        peer, _ = await server.accept()
        await peer.lines(3)
        peer.send({"a": 1})
        await until(lambda: client.acked == 1)
        peer.abort()
        peer, _ = await server.accept(last=1)
        assert [m["s"] for m in await peer.lines(2)] == [2, 3]


async def test_numbers_go_on_above_what_the_server_has_of_this_boot() -> None:
    async with scripted_server() as server, client_of(server) as client:
        peer, _ = await server.accept(last=40)
        await client.connected()
        assert client.send_reading({"n": 1}) == 41
        assert (await peer.line())["s"] == 41


async def test_a_rejected_message_is_reported() -> None:
    seen: list[tuple[int, str, str]] = []
    async with (
        scripted_server() as server,
        client_of(server, on_reject=lambda *what: seen.append(what)) as client,
    ):
        client.send_reading({"temp": 900})
        peer, _ = await server.accept()
        peer.send({"n": 1, "code": "out_of_range", "detail": "temp 900 > 125"}, {"a": 1})
        await client.drain()
    assert seen == [(1, "out_of_range", "temp 900 > 125")]


async def test_acknowledgements_may_come_in_pieces_and_in_any_spelling() -> None:
    async with scripted_server() as server, client_of(server) as client:
        for _ in range(3):
            client.send_reading({"n": 1})
        peer, _ = await server.accept()
        await peer.lines(3)
        for byte in b'{"a":1}\nnonsense\n[1]\n{"a": 3, "more": true}\n':
            peer.send_raw(bytes([byte]))
        await client.drain()
        assert client.acked == 3


async def test_it_answers_the_servers_pings() -> None:
    async with scripted_server() as server, client_of(server):
        peer, _ = await server.accept()
        peer.send({"p": 6})
        assert await peer.line() == {"p": 6}


async def test_it_pings_when_it_is_quiet_and_gives_up_a_dead_connection() -> None:
    async with scripted_server() as server, client_of(server) as client:
        peer, _ = await server.accept(idle=1)
        assert await peer.line() == {"p": 1}
        await server.peer()  # no answer came: it connects anew
        assert client.connects == 1


async def test_told_goodbye_it_takes_the_last_acknowledgements_and_returns_in_time() -> None:
    pauses = Pauses()
    async with scripted_server() as server, client_of(server, sleep=pauses) as client:
        client.send_reading({"n": 1})
        peer, _ = await server.accept()
        await peer.line()
        peer.send({"bye": 1, "retry": 2000})
        await until(lambda: not client.online)
        client.send_reading({"n": 2})
        peer.send({"a": 1})
        await until(lambda: client.acked == 1)
        peer.close()
        peer, _ = await server.accept(last=1)
        assert (await peer.line())["s"] == 2
    assert 2 <= pauses.taken[0] <= 4


async def test_a_busy_server_says_when_to_come_back() -> None:
    pauses = Pauses()
    async with scripted_server() as server, client_of(server, sleep=pauses) as client:
        peer = await server.peer()
        await peer.line()
        peer.send({"error": "busy", "retry": 500})
        await server.accept()
        await client.connected()
    assert 0.5 <= pauses.taken[0] <= 1


@pytest.mark.parametrize("code", ["unauthorized", "disabled", "bad_hello"])
async def test_refused_for_good_it_stops_and_says_why(code: str) -> None:
    async with scripted_server() as server, client_of(server) as client:
        client.send_reading({"n": 1})
        peer = await server.peer()
        await peer.line()
        peer.send({"error": code})
        with pytest.raises(RefusedError, match=code):
            await client.drain()
        assert len(client.outbox) == 1


async def test_when_another_connection_took_over_it_returns_slowly() -> None:
    pauses = Pauses()
    rng = random.Random(1)
    async with scripted_server() as server, client_of(server, sleep=pauses, rng=rng) as client:
        peer, _ = await server.accept()
        await client.connected()
        peer.send({"error": "replaced"})
        peer.close()
        await server.accept()
        assert client.replaced == 1
    assert pauses.taken[0] == backoff(20, random.Random(1))


async def test_it_tries_again_ever_more_slowly() -> None:
    pauses = Pauses()
    async with scripted_server() as server, client_of(server, sleep=pauses):
        for _ in range(12):
            (await server.peer()).abort()
        await server.accept()
    caps = [min(2.0**attempt, 300) for attempt in range(12)]
    assert all(wait <= cap for wait, cap in zip(pauses.taken, caps, strict=False))
    assert max(pauses.taken) > 10


@pytest.mark.parametrize(("attempt", "cap"), [(0, 1), (3, 8), (8, 256), (9, 300), (5_000, 300)])
def test_the_wait_is_spread_over_all_of_its_range(attempt: int, cap: float) -> None:
    rng = random.Random(3)
    waits = [backoff(attempt, rng) for _ in range(500)]
    assert max(waits) <= cap
    assert max(waits) > 0.9 * cap
    assert min(waits) < 0.1 * cap


async def test_many_messages_are_few_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted_server() as server, client_of(server) as client:
        peer, _ = await server.accept(window=1000)
        await client.connected()
        writes: list[bytes] = []
        assert client._wire is not None
        monkeypatch.setattr(client._wire, "write", writes.append)
        for _ in range(500):
            client.send_reading({"n": 1})
        await until(lambda: writes)
        assert [block.count(b"\n") for block in writes] == [500]
        peer.close()


async def test_a_full_outbox_makes_the_sender_wait_for_room() -> None:
    async with scripted_server() as server, client_of(server, outbox=MemoryOutbox(limit=1)) as it:
        it.send_reading({"n": 1})
        with pytest.raises(OutboxFullError):
            it.send_reading({"n": 2})
        room = asyncio.create_task(it.room())
        peer, _ = await server.accept()
        await peer.line()
        assert not room.done()
        peer.send({"a": 1})
        await room
        assert it.send_reading({"n": 2}) == 2


async def test_what_no_line_can_carry_is_refused_and_uses_no_number() -> None:
    async with scripted_server() as server, client_of(server) as client:
        with pytest.raises(ValueError, match="JSON"):
            client.send_reading({"n": float("nan")})
        with pytest.raises(ValueError, match="too large"):
            client.send_reading({"text": "x" * 70_000})
        assert client.send_reading({"n": 1}) == 1


async def test_whoever_waits_is_told_when_it_is_closed() -> None:
    async with scripted_server() as server:
        client = client_of(server)
        client.start()
        client.send_reading({"n": 1})
        drained = asyncio.create_task(client.drain())
        await server.accept()
        await client.close()
        with pytest.raises(ClosedError):
            await drained


async def test_a_restarted_device_with_a_file_sends_the_rest_and_counts_on(tmp_path: Path) -> None:
    async with scripted_server() as server:
        async with client_of(server, outbox=FileOutbox(tmp_path / "outbox")) as client:
            client.send_reading({"n": 1})
            client.send_reading({"n": 2})
            peer, first = await server.accept()
            await peer.lines(2)
            peer.send({"a": 1})
            await until(lambda: client.acked == 1)
        async with client_of(server, outbox=FileOutbox(tmp_path / "outbox")) as client:
            client.send_reading({"n": 3})
            peer, second = await server.accept(last=1)
            assert second["boot"] == first["boot"]
            assert [(m["s"], m["v"]["n"]) for m in await peer.lines(2)] == [(2, 2), (3, 3)]

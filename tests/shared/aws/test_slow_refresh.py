"""The event loop goes on while credentials are fetched, however long that takes."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from shared.aws.credentials import (
    BotocoreFetch,
    Credentials,
    CredentialsUnavailable,
    TaskCredentials,
)
from shared.clock import ManualClock
from tests.support.until import until

LONGEST_STALL_S = 0.05
TICK_S = 0.005
# A machine that is busy with other things stalls everything now and then. What we cause ourselves
# would be there every time, so one quiet round proves that we cause nothing.
ROUNDS = 10


class Ticker:
    """Ticks on the event loop; `longest` is the longest time that it could not."""

    def __init__(self) -> None:
        self.ticks = 0
        self.longest = 0.0

    async def run(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last - TICK_S)
            self.ticks += 1
            last = now


@asynccontextmanager
async def ticking() -> AsyncIterator[Ticker]:
    ticker = Ticker()
    task = asyncio.create_task(ticker.run())
    try:
        yield ticker
    finally:
        task.cancel()


async def after(ticker: Ticker, ticks: int, then: Callable[[], None]) -> None:
    end = ticker.ticks + ticks
    await until(lambda: ticker.ticks >= end)
    then()


async def stall_of_one_round(fetch: Callable[[threading.Event], Credentials]) -> float:
    """The longest stall while a fetch blocks until the loop itself has gone on for 20 ticks."""
    go = threading.Event()
    held = TaskCredentials(lambda: fetch(go), clock=ManualClock())
    async with ticking() as ticker:
        await asyncio.gather(held.get(), after(ticker, 20, go.set), return_exceptions=True)
        assert ticker.ticks >= 20
    return ticker.longest


def slow(go: threading.Event) -> Credentials:
    assert go.wait(30), "the loop stood still"
    return Credentials("AKID", "secret")


def slow_and_failing(go: threading.Event) -> Credentials:
    assert go.wait(30), "the loop stood still"
    raise OSError("the endpoint is away")


@pytest.mark.parametrize("fetch", [slow, slow_and_failing])
async def test_a_fetch_stalls_the_loop_for_less_than_50_ms(
    fetch: Callable[[threading.Event], Credentials],
) -> None:
    stalls = [await stall_of_one_round(fetch) for _ in range(ROUNDS)]
    assert min(stalls) < LONGEST_STALL_S


class Endpoint(BaseHTTPRequestHandler):
    """The endpoint that gives a task its role's credentials, as slow as a test wants it."""

    go: threading.Event
    asked: int
    status = 200
    life = timedelta(hours=6)

    def do_GET(self) -> None:
        type(self).asked += 1
        assert self.go.wait(30), "the loop stood still"
        document = {
            "AccessKeyId": f"AKID{self.asked}",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": (datetime.now(UTC) + self.life).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(msgspec.json.encode(document))

    def log_message(self, *_: object) -> None:
        """Say nothing on the screen."""


@contextmanager
def role_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Endpoint]]:
    """The only place where botocore finds credentials, served by a thread."""

    class Here(Endpoint):
        go = threading.Event()
        asked = 0

    with HTTPServer(("127.0.0.1", 0), Here) as server:
        address = f"http://127.0.0.1:{server.server_port}/role"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Here
        finally:
            Here.go.set()
            server.shutdown()
            thread.join()


async def test_the_task_s_role_is_asked_without_stalling(monkeypatch: pytest.MonkeyPatch) -> None:
    with role_endpoint(monkeypatch) as endpoint:
        held = TaskCredentials(BotocoreFetch())
        async with ticking() as ticker:
            got, _ = await asyncio.gather(held.get(), after(ticker, 20, endpoint.go.set))
    assert ticker.ticks >= 20
    assert (got.access_key, got.token) == ("AKID1", "token")
    assert got.expires_at is not None
    assert got.expires_at > datetime.now(UTC) + timedelta(hours=5)


async def test_near_their_end_the_role_is_asked_again_by_a_fetch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with role_endpoint(monkeypatch) as endpoint:
        endpoint.go.set()
        endpoint.life = timedelta(minutes=14)
        fetch = BotocoreFetch()
        first = await asyncio.to_thread(fetch)
        endpoint.life = timedelta(hours=6)
        second = await asyncio.to_thread(fetch)
    assert second.access_key != first.access_key
    assert second.expires_at is not None
    assert second.expires_at > datetime.now(UTC) + timedelta(hours=5)


async def test_a_role_that_is_refused_is_an_error_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with role_endpoint(monkeypatch) as endpoint:
        endpoint.go.set()
        endpoint.status = 404
        with pytest.raises(CredentialsUnavailable, match="could not be fetched"):
            await TaskCredentials(BotocoreFetch()).get()

"""The bus on a Valkey (or Redis) server."""

import asyncio
import logging
import random
import re
import time
from contextlib import suppress
from contextvars import Context
from typing import Any

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared.bus.base import Message, Subscription
from shared.bus.inbox import Inbox
from shared.telemetry.clean import clean

CONNECT_S = 2.0
ANSWER_S = 2.0
# Publishing holds up a request or an ingest batch: whoever does not get through soon gives up,
# and for a moment after that nobody tries.
PUBLISH_S = 1.0
PAUSE_S = 0.5
PUBLISHERS = 50
# A server that went away without a word is noticed by a ping that is not answered.
PING_S = 10.0
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0

UNPUBLISHED = Counter("fortress_bus_unpublished_total", "Messages that the bus did not take")
GAPS = Counter("fortress_bus_gaps_total", "Times that a subscription was without its server")

log = logging.getLogger(__name__)


class ValkeySubscription(Inbox):
    """See `shared.bus.base.Subscription`. A task of its own reads the server."""

    def __init__(
        self, owner: "set[ValkeySubscription]", client: Redis, names: tuple[str, ...], pattern: bool
    ) -> None:
        super().__init__()
        self._owner = owner
        self._client = client
        self._names = names
        self._pattern = pattern
        self._interrupted = False
        self.established = asyncio.Event()
        owner.add(self)
        # It outlives the request that begins it: what it logs is not of that one.
        self._task = asyncio.create_task(self._keep_reading(), context=Context())

    async def close(self) -> None:
        self._owner.discard(self)
        self.end()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _keep_reading(self) -> None:
        wait = FIRST_WAIT_S
        while True:
            try:
                await self._connect_and_read()
            except Exception as error:  # noqa: BLE001 - whatever it was, messages must come again
                log.warning("a subscription is without the bus: %s", clean(str(error)))
            wait = FIRST_WAIT_S if self.established.is_set() else min(wait * 2, LONGEST_WAIT_S)
            self.established.clear()
            self._interrupted = True
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads reconnects

    async def _connect_and_read(self) -> None:
        """Subscribe and read until the connection breaks, which raises."""
        pubsub = self._client.pubsub()
        try:
            take = pubsub.psubscribe if self._pattern else pubsub.subscribe
            async with asyncio.timeout(CONNECT_S + ANSWER_S):
                await take(*self._names)
            await self._read(pubsub)
        finally:
            with suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py has it untyped

    async def _read(self, pubsub: PubSub) -> None:
        asked = len(self._names)
        pinged = False
        while True:
            patience = ANSWER_S if asked or pinged else PING_S
            item: dict[str, Any] | None = await pubsub.get_message(timeout=patience)
            if item is None and (asked or pinged):
                raise TimeoutError("the server does not answer")
            if item is None:
                await asyncio.wait_for(pubsub.ping(), ANSWER_S)
                pinged = True
                continue
            pinged = False
            if item["type"] in ("message", "pmessage"):
                self.put(Message(item["channel"].decode(), item["data"]))
            elif item["type"] in ("subscribe", "psubscribe"):
                asked -= 1
                if not asked:
                    self._note_established()

    def _note_established(self) -> None:
        if self._interrupted:
            self.gaps += 1
            GAPS.inc()
            self._interrupted = False
        self.established.set()


class ValkeyBus:
    """`url` is redis://host:port/0, or rediss:// for TLS; valkey:// and valkeys:// are the same.

    With TLS the server's certificate and name are verified before anything is said, the password
    included: against the system's trust store, or the file of `?ssl_ca_certs=`. `password`: where
    the URL has none.
    """

    def __init__(self, url: str, password: str | None = None) -> None:
        self._client: Redis = Redis.from_url(
            re.sub("^valkey(s?)://", r"redis\1://", url),
            password=password,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )
        self._publishers = asyncio.Semaphore(PUBLISHERS)
        self._subscriptions: set[ValkeySubscription] = set()
        self._paused_until = 0.0
        self._closed = False

    async def publish(self, channel: str, data: bytes) -> bool:
        if self._closed or time.monotonic() < self._paused_until:
            UNPUBLISHED.inc()
            return False
        try:
            async with asyncio.timeout(PUBLISH_S), self._publishers:
                await self._client.publish(channel, data)
        except Exception as error:  # noqa: BLE001 - no caller's work may fail because of the bus
            self._paused_until = time.monotonic() + PAUSE_S
            UNPUBLISHED.inc()
            log.warning("the bus took no message: %s", clean(str(error) or type(error).__name__))
            return False
        return True

    async def subscribe(self, *channels: str) -> Subscription:
        return await self._new(channels, pattern=False)

    async def psubscribe(self, *patterns: str) -> Subscription:
        return await self._new(tuple(_escape(pattern) for pattern in patterns), pattern=True)

    async def _new(self, names: tuple[str, ...], *, pattern: bool) -> ValkeySubscription:
        if self._closed:
            raise RuntimeError("the bus is closed")
        made = ValkeySubscription(self._subscriptions, self._client, names, pattern)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(made.established.wait(), CONNECT_S)
        except asyncio.CancelledError:
            await made.close()
            raise
        return made

    async def ping(self) -> bool:
        try:
            async with asyncio.timeout(PUBLISH_S):
                return not self._closed and bool(await self._client.ping())
        except (RedisError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        self._closed = True
        for subscription in list(self._subscriptions):
            await subscription.close()
        await self._client.aclose()


def _escape(pattern: str) -> str:
    r"""The server gives `?`, `[`, `]` and `\` a meaning too; here only `*` has one."""
    return re.sub(r"([?\[\]\\])", r"\\\1", pattern)

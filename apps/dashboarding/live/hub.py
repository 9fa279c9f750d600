"""One hub an organisation: the bus and the database watched once, for all of its streams.

The bus hurries. Whatever it says or does not say, every few seconds the hub looks at
`device_state` and sends what no frame said: a publisher that could not reach the bus, messages
that were dropped, a device that came or went.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Coroutine
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from contextvars import Context

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from apps.dashboarding.live import repository, rules
from apps.dashboarding.live.errors import GoingAway
from apps.dashboarding.live.rules import Changes, Known
from apps.dashboarding.live.watch import Watch
from apps.dashboarding.settings import DashboardingSettings
from shared.auth.principal import Principal, Sight
from shared.bus import Subscription
from shared.telemetry.clean import clean
from shared.web.services import Services

# A look takes at most this share of the time, however many devices changed.
LOOK_SHARE = 10

log = logging.getLogger(__name__)


class Hub:
    """Feeds its watches until they are gone.

    `safe`: everything that changed up to this time (ms) has been sent to every watch.
    """

    def __init__(
        self, services: Services, settings: DashboardingSettings, org_id: int, feed: Subscription
    ) -> None:
        self.watches: set[Watch] = set()
        self.safe = services.clock.now_ms() - settings.stream_late_ms
        self.feed = feed
        self._services = services
        self._settings = settings
        self._org_id = org_id
        self._known = Known()
        # Number → time of the change that the last look saw.
        self._seen: dict[int, int] = {}
        self._lost = (0, 0)

    async def run(self) -> None:
        """Until cancelled. A failing database is tried again; a failing bus is not needed."""
        look = check = time.monotonic()
        check += self._settings.stream_key_s
        while True:
            message = await self._next(min(look, check))
            if message is not None:
                self._frame(message)
            lost = (self.feed.missed, self.feed.gaps)
            now = time.monotonic()
            if now >= look or lost != self._lost:
                self._lost = lost
                await self._safely(self._look())
                await self._safely(self._check_people())
                took = time.monotonic() - now
                look = time.monotonic() + max(self._settings.stream_look_s, LOOK_SHARE * took)
            if now >= check:
                await self._safely(self._check_keys())
                check = time.monotonic() + self._settings.stream_key_s

    async def _next(self, until: float) -> bytes | None:
        wait = max(until - time.monotonic(), 0)
        message = await self.feed.get(wait)
        if message is not None:
            await asyncio.sleep(0)  # a busy bus leaves others their turn
            return message.data
        # A closed subscription answers at once.
        await asyncio.sleep(min(max(until - time.monotonic(), 0), 0.1))
        return None

    def _frame(self, data: bytes) -> None:
        try:
            frame = rules.parse_frame(data)
        except msgspec.DecodeError:
            log.warning("a message on the bus is no frame; the database will say what changed")
            return
        self._known.note(frame.r)
        for watch in list(self.watches):
            watch.frame(frame, data, self.safe)

    async def _look(self) -> None:
        now = self._services.clock.now_ms()
        changed = await repository.changed(self._services.database, self._org_id, self.safe)
        new = [number for number, at in changed.items() if self._seen.get(number) != at]
        for ids in repository.chunks(new):
            states = await repository.states(self._services.database, self._org_id, ids)
            news = [found for state in states if (found := self._known.news(state))]
            for watch in list(self.watches) if news else ():
                watch.changes(Changes(news), self.safe)
        self._seen = changed
        self.safe = max(self.safe, now - self._settings.stream_late_ms)

    async def _check_keys(self) -> None:
        keys = {key for watch in self.watches if (key := watch.principal.key_id)}
        now = self._services.clock.now()
        holding = await repository.holding(self._services.database, self._org_id, keys, now)
        for watch in list(self.watches):
            # One that came meanwhile was looked at just now.
            if watch.principal.key_id in keys - holding:
                watch.end("key")

    async def _check_people(self) -> None:
        """More often than keys: who signs out in one app is out in all within seconds."""
        people = {one for watch in self.watches if (one := watch.principal.sign_in_id)}
        now = self._services.clock.now()
        holding = await repository.signed_in(
            self._services.database, self._org_id, people, now, self._settings.lifetimes
        )
        for watch in list(self.watches):
            if watch.principal.sign_in_id in people - holding:
                watch.end("sign_in")
        await self._check_limits(people & holding)

    async def _check_limits(self, people: AbstractSet[int]) -> None:
        """Whoever sees other devices than when they came comes again."""
        database = self._services.database
        limits = await repository.limits_of(database, self._org_id, people)
        for watch in list(self.watches):
            person = watch.principal.sign_in_id
            if person not in limits:
                continue
            sight = Sight(self._org_id, limits[person])
            if sight.groups != watch.principal.groups or await self._sees_others(watch, sight):
                watch.end("limits")

    async def _sees_others(self, watch: Watch, sight: Sight) -> bool:
        """Whether the groups of a reader lost devices, or got some since the last look."""
        if sight.groups is None or watch.devices is None:
            return False
        seen = (await repository.numbers(self._services.database, sight, None)).keys()
        before, watch.seen = watch.seen, seen
        return not watch.devices <= seen or (before is not None and before != seen)

    async def _safely(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (SQLAlchemyError, OSError) as error:
            log.warning("the database was not reachable: %s", clean(str(error)))


class Hubs:
    """The hubs of this process. A hub lives while it has a watch."""

    def __init__(self, services: Services, settings: DashboardingSettings) -> None:
        self._services = services
        self._settings = settings
        self._hubs: dict[int, tuple[Hub, asyncio.Task[None]]] = {}
        self._changing = asyncio.Lock()

    @asynccontextmanager
    async def watch(
        self, principal: Principal, devices: AbstractSet[str] | None
    ) -> AsyncGenerator[Watch, None]:
        """A watch that misses nothing from now on, until the block ends."""
        watch = Watch(
            principal,
            devices,
            most=self._settings.stream_queue,
            most_bytes=self._settings.stream_queue_bytes,
        )
        async with self._changing:
            if self._services.draining:
                raise GoingAway
            hub = await self._hub(principal)
            hub.watches.add(watch)
        try:
            yield watch
        finally:
            hub.watches.discard(watch)
            if not hub.watches:
                await self._close(principal.org_id)

    def end(self, reason: str) -> None:
        """End all streams."""
        for hub, _ in self._hubs.values():
            for watch in list(hub.watches):
                watch.end(reason)

    async def _hub(self, principal: Principal) -> Hub:
        found = self._hubs.get(principal.org_id)
        if found is not None:
            return found[0]
        feed = await self._services.bus.subscribe(f"live:{principal.org_public_id}")
        hub = Hub(self._services, self._settings, principal.org_id, feed)
        # Its lines are not those of the request that happens to begin it.
        running = asyncio.create_task(_run(hub), context=Context())
        self._hubs[principal.org_id] = hub, running
        return hub

    async def _close(self, org_id: int) -> None:
        async with self._changing:
            hub, running = self._hubs.get(org_id, (None, None))
            if hub is None or running is None or hub.watches:
                return
            del self._hubs[org_id]
        running.cancel()
        await asyncio.wait([running])
        await hub.feed.close()


async def _run(hub: Hub) -> None:
    try:
        await hub.run()
    except Exception:
        log.exception("a live hub failed; its streams come again")
        for watch in list(hub.watches):
            watch.end("failed")

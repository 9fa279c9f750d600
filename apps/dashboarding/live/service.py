"""A live stream: first how things are, then what changes."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

from prometheus_client import Gauge

from apps.dashboarding.live import repository, rules
from apps.dashboarding.live.errors import GoingAway, NoSuchDevice
from apps.dashboarding.live.hub import Hubs
from apps.dashboarding.live.rules import Snapshot, State
from apps.dashboarding.live.watch import Watch
from apps.dashboarding.settings import DashboardingSettings
from shared.auth.keys import Principal
from shared.db import Database
from shared.settings import Environment
from shared.telemetry.emf import EmbeddedMetrics
from shared.web.services import Services
from shared.web.streaming import Slots

# Snapshots read at once: many readers that come again together must not take all connections.
SNAPSHOTS = 2
# How often a process looks whether it goes away.
DRAIN_S = 0.1
# Readers that are sent away together come again spread over this long.
RETRY_MS = (500, 3_000)

OPEN = Gauge("fortress_open_streams", "Live streams open in this process")

Numbers = dict[str, int]


class Live:
    """The live streams of this process."""

    def __init__(self, services: Services, settings: DashboardingSettings) -> None:
        self.settings = settings
        self.slots = Slots("live streams", total=settings.streams, each=settings.streams_each)
        self._services = services
        self._hubs = Hubs(services, settings)
        self._snapshots = asyncio.Semaphore(SNAPSHOTS)

    async def devices(self, principal: Principal, public_ids: Sequence[str]) -> Numbers | None:
        """The devices asked for by number; none: all of them. Of who is limited to groups: those
        that are in them now. Raises `NoSuchDevice`.
        """
        if self._services.draining:
            raise GoingAway
        if not public_ids and principal.groups is None:
            return None
        database = self._services.database
        found = await repository.numbers(database, principal.sight, public_ids or None)
        if missing := set(public_ids) - found.keys():
            raise NoSuchDevice(min(missing))
        return found

    async def stream(
        self, principal: Principal, devices: Numbers | None, last_id: str | None
    ) -> AsyncGenerator[bytes, None]:
        """Events until the reader goes or is sent away.

        With a `last_id` of ours, the snapshot has only the devices that changed since.
        """
        watched = None if devices is None else devices.keys()
        # The watch comes first: what is committed while the snapshot is read waits in it.
        async with self._hubs.watch(principal, watched) as watch:
            with OPEN.track_inprogress():
                now = self._services.clock.now_ms()
                # Who is limited may see other devices than before: they begin anew.
                known = last_id if principal.groups is None else None
                since = rules.parse_last_id(known, now)
                watch.at = max(now - self.settings.stream_late_ms, since or 0)
                async for event in self._snapshot(principal.org_id, devices, since, watch.at):
                    yield event
                async for event in self._following(watch):
                    yield event
                assert watch.ended is not None
                retry = random.randint(*RETRY_MS)  # noqa: S311 - spreads load, guards nothing
                yield rules.end(watch.ended, retry, watch.at)

    async def _following(self, watch: Watch) -> AsyncGenerator[bytes, None]:
        while watch.ended is None:
            event = await watch.get(self.settings.stream_comment_s)
            if event is not None:
                yield event
            elif watch.ended is None:
                yield rules.COMMENT

    async def _snapshot(
        self, org_id: int, devices: Numbers | None, since: int | None, at: int
    ) -> AsyncGenerator[bytes, None]:
        """Parts of the snapshot. Only the last has an id that a reader can go on from."""
        full = since is None
        parts = self._parts(org_id, devices, since)
        async with aclosing(parts):
            held: list[State] = []
            async for states in parts:
                if held:
                    data = rules.encode(Snapshot(held, full, last=False))
                    yield rules.sse("snapshot", data, since or 0)
                held = states
        data = rules.encode(Snapshot(held, full, last=True))
        yield rules.sse("snapshot", data, at)

    async def _parts(
        self, org_id: int, devices: Numbers | None, since: int | None
    ) -> AsyncGenerator[list[State], None]:
        database = self._services.database
        if devices is None and since is None:
            async for states in self._all(database, org_id):
                yield states
            return
        ids = set(devices.values()) if devices is not None else None
        if since is not None:
            async with self._snapshots:
                changed = (await repository.changed(database, org_id, since)).keys()
            ids = ids & changed if ids is not None else set(changed)
        for chunk in repository.chunks(ids or ()):
            async with self._snapshots:
                states = await repository.states(database, org_id, chunk)
            yield states

    async def _all(self, database: Database, org_id: int) -> AsyncGenerator[list[State], None]:
        after: int | None = 0
        while after is not None:
            async with self._snapshots:
                states, after = await repository.following(database, org_id, after)
            if states:
                yield states

    async def report(self, stop: asyncio.Event) -> None:
        """Tell CloudWatch how many streams are open, where there is one."""
        environment = self.settings.environment
        if environment is not Environment.development:
            metrics = EmbeddedMetrics(service="dashboarding", environment=environment)
            await metrics.keep_writing("OpenStreams", lambda: self.slots.taken, stop)

    async def watch_draining(self, stop: asyncio.Event) -> None:
        """End all streams as soon as this process goes away, so that nothing waits for them."""
        while not stop.is_set() and not self._services.draining:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_S):
                    await stop.wait()
        self._hubs.end("draining")

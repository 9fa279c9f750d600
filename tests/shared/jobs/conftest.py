"""A queue of its own for each test, and an effect that shows how often a job had it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import MemoryBus
from shared.clock import ManualClock, SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.jobs import Worker, enqueue
from shared.models import Job, Organisation

Hook = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass
class Queue:
    """`effect` is a handler: it makes an organisation named after the job, then calls `hook`."""

    database: Database
    name: str = field(default_factory=lambda: new_id("queue"))
    clock: ManualClock = field(default_factory=ManualClock)
    bus: MemoryBus = field(default_factory=MemoryBus)
    calls: list[str] = field(default_factory=list)
    hook: Hook | None = None

    async def add(self, *keys: str) -> None:
        async with self.database.unit_of_work() as session:
            for key in keys:
                await enqueue(session, self.name, key, {"key": key}, now=self.clock.now())

    def worker(self, **options: Any) -> Worker:
        options = {"clock": self.clock, **options}
        return Worker(self.database, self.bus, self.name, self.effect, **options)

    async def effect(self, session: AsyncSession, payload: dict[str, Any]) -> None:
        self.calls.append(payload["key"])
        name = f"{self.name} {payload['key']}"
        session.add(Organisation(name=name, created_at=SystemClock().now()))
        await session.flush()
        if self.hook is not None:
            await self.hook(payload)

    async def effects(self, key: str) -> int:
        """How many times the job's effect is in the database."""
        counted = select(func.count()).where(Organisation.name == f"{self.name} {key}")
        async with self.database.read() as session:
            return await session.scalar(counted) or 0

    async def job(self, key: str) -> Job:
        async with self.database.read() as session:
            found = await session.scalar(select(Job).where(Job.queue == self.name, Job.key == key))
        assert found is not None
        return found

    async def statuses(self) -> dict[str, str]:
        async with self.database.read() as session:
            found = await session.scalars(select(Job).where(Job.queue == self.name))
        return {job.key: job.status for job in found}


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


@pytest.fixture
def live(database: Database) -> Queue:
    """A queue on real time, for workers that run."""
    made = Queue(database)
    made.clock = SystemClock()  # type: ignore[assignment]  # only `now` is used of it
    return made

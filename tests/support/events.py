"""Committed device events, with the jobs that ingest leaves with them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from shared.clock import SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.jobs import enqueue
from shared.jobs.worker import Handler
from shared.models import Job
from tests.support.builders import MadeDevice, Tenant

QUEUES = ("billing.events", "loyalty.events")
INSERT = (
    "INSERT INTO device_event (device_id, ts, boot, seq, org_id, received_ts, name, data)"
    " VALUES (:device, :ts, :boot, :seq, :org, :ts, :name, :data)"
)


@dataclass(frozen=True)
class Sent:
    """An event of a device. `data` may be JSON text, to say exactly what was sent."""

    device: MadeDevice
    ts: int
    data: dict[str, Any] | str
    name: str = "session.completed"
    seq: int = 1
    boot: int = 1

    @property
    def key(self) -> list[int]:
        return [self.device.id, self.ts, self.boot, self.seq]


async def commit_events(
    database: Database, tenant: Tenant, sent: Sequence[Sent], *, jobs: int = 1
) -> None:
    """Store events and name each in `jobs` jobs of each queue, in one transaction."""
    now = SystemClock().now()
    async with database.unit_of_work() as session:
        if sent:
            await session.execute(text(INSERT), [_row(tenant, one) for one in sent])
        for queue in QUEUES * jobs:
            payload = {"org": tenant.id, "events": [one.key for one in sent]}
            await enqueue(session, queue, new_id("key"), payload, now=now)


def _row(tenant: Tenant, one: Sent) -> dict[str, Any]:
    return {
        "device": one.device.id,
        "ts": one.ts,
        "boot": one.boot,
        "seq": one.seq,
        "org": tenant.id,
        "name": one.name,
        "data": one.data if isinstance(one.data, str) else json.dumps(one.data),
    }


async def drain(database: Database, tenant: Tenant, handlers: Mapping[str, Handler]) -> int:
    """Work all jobs of one organisation in these queues, and those that they leave.

    Other tests' jobs in the same database are left alone. Returns how many were worked.
    """
    worked = 0
    while jobs := await waiting(database, tenant, handlers):
        for job in jobs:
            async with database.unit_of_work() as session:
                await handlers[job.queue](session, job.payload)
                (await session.get_one(Job, job.id)).status = "done"
            worked += 1
    return worked


async def waiting(database: Database, tenant: Tenant, queues: Iterable[str]) -> list[Job]:
    """The jobs of one organisation in these queues that are not done."""
    wanted = select(Job).where(Job.queue.in_(list(queues)), Job.status == "ready").order_by(Job.id)
    async with database.read() as session:
        jobs = (await session.scalars(wanted)).all()
    return [job for job in jobs if job.payload["org"] == tenant.id]

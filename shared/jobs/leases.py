"""Who works which job: claims, leases, ends. Each function is part of the caller's transaction.

A lease is a name made for one claim. Whatever ends a job does so only under its lease, so of two
workers that hold the same job one finds nothing to end, and takes its work back.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.models import Job

PRUNED_AT_ONCE = 500
COUNTED_AT_MOST = 10_000
LOST = "its worker ended while working it"


def _ready(queue: str, now: datetime) -> list[ColumnElement[bool]]:
    return [Job.queue == queue, Job.status == "ready", Job.run_after <= now]


def _abandoned(queue: str, now: datetime) -> list[ColumnElement[bool]]:
    return [Job.queue == queue, Job.status == "running", Job.lease_until < now]


async def any_due(session: AsyncSession, queue: str, now: datetime) -> bool:
    """Whether a claim would find something. Locks nothing."""
    for due in (_ready(queue, now), _abandoned(queue, now)):
        if await session.scalar(select(Job.id).where(*due).limit(1)) is not None:
            return True
    return False


async def claim(
    session: AsyncSession,
    queue: str,
    lease: str,
    *,
    now: datetime,
    until: datetime,
    limit: int,
    attempts: int,
) -> list[Job]:
    """Up to `limit` jobs that are due, now ours until `until`; then those that others left.

    One that has been claimed `attempts` times without an end is dead instead. Two statements,
    not one with OR: each reads a range of the index and locks nothing else.
    """
    jobs: list[Job] = []
    for due in (_ready(queue, now), _abandoned(queue, now)):
        statement = select(Job).where(*due).order_by(Job.run_after, Job.id)
        found = lock_rows(statement.limit(limit - len(jobs)), skip_locked=True)
        jobs += (await session.scalars(found)).all()
        if len(jobs) == limit:
            break
    for job in jobs:
        _take(job, lease, now, until, attempts)
    return jobs


def _take(job: Job, lease: str, now: datetime, until: datetime, attempts: int) -> None:
    if job.attempts >= attempts:
        job.status, job.error, job.finished_at, job.lease = "dead", LOST, now, None
        return
    job.status, job.lease, job.lease_until = "running", lease, until
    job.attempts += 1


async def finish(session: AsyncSession, job: Job, *, now: datetime) -> bool:
    """Mark the job done, and keep nothing of what it was about: a letter, somebody's address. False
    where the lease is no longer ours: then nothing may be kept.
    """
    return await _end(session, job, status="done", finished_at=now, error=None, payload={})


async def fail(
    session: AsyncSession, job: Job, error: str, *, now: datetime, retry: datetime | None
) -> bool:
    """Put the job back until `retry`; without one it is dead."""
    if retry is None:
        return await _end(session, job, status="dead", finished_at=now, error=error)
    return await _end(session, job, status="ready", run_after=retry, error=error)


async def release(session: AsyncSession, job: Job) -> bool:
    """Give back a job whose work did not begin or was called off: it was no attempt."""
    return await _end(session, job, status="ready", attempts=job.attempts - 1)


async def renew(session: AsyncSession, job: Job, until: datetime) -> bool:
    """Hold the job until then. False where the lease is no longer ours."""
    return await _update(session, job, {"lease_until": until})


async def _end(session: AsyncSession, job: Job, **values: Any) -> bool:
    return await _update(session, job, {**values, "lease": None, "lease_until": None})


async def _update(session: AsyncSession, job: Job, values: dict[str, Any]) -> bool:
    result = await session.execute(
        update(Job)
        .where(Job.id == job.id, Job.lease == job.lease, Job.status == "running")
        .values(values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


async def waiting(session: AsyncSession, queue: str, now: datetime) -> int:
    """How many jobs are due, counted up to 10,000."""
    some = select(Job.id).where(*_ready(queue, now)).limit(COUNTED_AT_MOST).subquery()
    return await session.scalar(select(func.count()).select_from(some)) or 0


async def prune(session: AsyncSession, queue: str, *, now: datetime, keep: timedelta) -> int:
    """Delete up to `PRUNED_AT_ONCE` jobs that were done more than `keep` ago; returns how many.

    Dead ones stay until someone has looked at them.
    """
    old = (
        select(Job.id)
        # The first three use the index: a job is never done before it was due.
        .where(Job.queue == queue, Job.status == "done", Job.run_after < now - keep)
        .where(Job.finished_at < now - keep)
        .order_by(Job.run_after)
        .limit(PRUNED_AT_ONCE)
    )
    numbers = sorted((await session.scalars(lock_rows(old, skip_locked=True))).all())
    for start in range(0, len(numbers), 100):
        await session.execute(delete(Job).where(Job.id.in_(numbers[start : start + 100])))
    return len(numbers)

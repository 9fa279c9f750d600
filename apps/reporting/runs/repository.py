"""Runs in the database. Those that have expired are not found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CursorResult,
    Row,
    ScalarSelect,
    Select,
    Update,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from apps.reporting.runs.rules import FAILED, OPEN, QUEUED, RUNNING, sight_key
from shared.auth.principal import Sight
from shared.db import scoped
from shared.db.dialect import lock_rows
from shared.models import Job, ReportRun

QUEUE = "reporting.runs"
# Expired runs, and runs whose job is dead, that are looked at in a step.
AT_ONCE = 50


async def find(
    session: AsyncSession, sight: Sight, public_id: str, now: datetime, *, lock: bool = False
) -> ReportRun | None:
    """A run, locked until the transaction ends if asked for."""
    wanted = _present(sight, now).where(ReportRun.public_id == public_id)
    return (await session.scalars(lock_rows(wanted) if lock else wanted)).one_or_none()


async def page(
    session: AsyncSession, sight: Sight, now: datetime, before: str | None, limit: int
) -> Sequence[ReportRun]:
    """Up to `limit` runs, newest first, older than the one with the public id `before`."""
    wanted = _present(sight, now).order_by(ReportRun.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(ReportRun.id < _number(sight.org_id, before))
    return (await session.scalars(wanted)).all()


async def open_runs(session: AsyncSession, org_id: int) -> int:
    """How many runs of the organisation wait or are being made."""
    counted = select(ReportRun.id).where(ReportRun.state.in_(OPEN))
    some = scoped(org_id, counted).subquery()
    return await session.scalar(select(func.count()).select_from(some)) or 0


async def drop_job(session: AsyncSession, public_id: str) -> None:
    """Take a run that nobody works on out of the queue."""
    await session.execute(
        delete(Job).where(Job.queue == QUEUE, Job.key == public_id, Job.status == "ready")
    )


async def take(
    session: AsyncSession, org_id: int, public_id: str, now: datetime
) -> ReportRun | None:
    """The run, from now on being made; None if it is not to be made any more."""
    wanted = select(ReportRun).where(ReportRun.public_id == public_id, ReportRun.state.in_(OPEN))
    run = (await session.scalars(lock_rows(scoped(org_id, wanted)))).one_or_none()
    if run is not None:
        run.state, run.started_at, run.progress = RUNNING, now, 0
    return run


async def go_on(session: AsyncSession, run: ReportRun, progress: int) -> bool:
    """Note the rows written so far. False if the run is not to go on."""
    return await _change(session, run, progress=progress)


async def put_back(session: AsyncSession, run: ReportRun, error: str | None) -> None:
    """It waits again; `error` says why, if that is worth saying."""
    await _change(session, run, state=QUEUED, started_at=None, progress=0, error=error)


async def end(session: AsyncSession, run: ReportRun, state: str, **values: Any) -> bool:
    """The run has ended. False if it had been cancelled before."""
    return await _change(session, run, state=state, **values)


async def bury(session: AsyncSession, *, now: datetime, until: datetime) -> int:
    """Let up to `AT_ONCE` runs fail whose job is dead: its attempts are used up.

    Returns how many.
    """
    dead = (
        select(ReportRun)  # unscoped: the queue is everybody's
        .join(Job, Job.key == ReportRun.public_id)
        .where(Job.queue == QUEUE, Job.status == "dead", ReportRun.state.in_(OPEN))
        .limit(AT_ONCE)
    )
    runs = (await session.scalars(dead)).all()
    for run in runs:
        run.state, run.finished_at, run.expires_at = FAILED, now, until
        run.error = run.error or "it could not be made; ask for it again, or for less"
    return len(runs)


async def expired(session: AsyncSession, now: datetime) -> Sequence[Row[int, str]]:
    """Numbers and files of up to `AT_ONCE` runs that have expired."""
    old = (
        select(ReportRun.id, ReportRun.file_key)  # unscoped: what is old goes, whosever it is
        .where(ReportRun.expires_at <= now)
        .order_by(ReportRun.expires_at)
        .limit(AT_ONCE)
    )
    return (await session.execute(old)).all()


async def forget(session: AsyncSession, numbers: Sequence[int]) -> None:
    """Delete runs (`AT_ONCE` at most) whose files are gone."""
    await session.execute(
        delete(ReportRun).where(ReportRun.id.in_(numbers))  # unscoped: those found above
    )


def _present(sight: Sight, now: datetime) -> Select[ReportRun]:
    """Who is limited to groups of devices sees what was asked for under the same limit: any other
    file may have devices that are not there for them.
    """
    there = or_(ReportRun.expires_at.is_(None), ReportRun.expires_at > now)
    runs = scoped(sight.org_id, select(ReportRun).where(there))
    if sight.groups is None:
        return runs
    return runs.where(ReportRun.sight == sight_key(sight.groups))


def _number(org_id: int, public_id: str) -> ScalarSelect[int]:
    wanted = select(ReportRun.id).where(ReportRun.public_id == public_id)
    return scoped(org_id, wanted).scalar_subquery()


async def _change(session: AsyncSession, run: ReportRun, **values: Any) -> bool:
    """Change a run that is still being made. False if it is not."""
    changed: Update = (
        scoped(run.org_id, update(ReportRun))
        .where(ReportRun.id == run.id, ReportRun.state == RUNNING)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    result = await session.execute(changed)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1

"""What can be done with runs."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from apps.reporting.exports import service as exports
from apps.reporting.runs import repository, rules
from apps.reporting.runs.errors import NoSuchRun, RunHasNoFile, TooManyRuns
from apps.reporting.runs.repository import QUEUE
from apps.reporting.runs.schemas import EventsIn, ReadingsIn, RunOut
from apps.reporting.settings import ReportingSettings
from shared.auth import audit
from shared.auth.principal import Sight
from shared.clock import Clock
from shared.ids import new_id
from shared.jobs import enqueue
from shared.models import ReportRun
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page


async def get(session: AsyncSession, sight: Sight, public_id: str, clock: Clock) -> ReportRun:
    """A run that is seen. Raises `NoSuchRun`."""
    run = await repository.find(session, sight, public_id, clock.now())
    if run is None:
        raise NoSuchRun(public_id)
    return run


async def with_file(session: AsyncSession, sight: Sight, public_id: str, clock: Clock) -> ReportRun:
    """A run whose file is there. Raises `NoSuchRun`, `RunHasNoFile`."""
    run = await get(session, sight, public_id, clock)
    if run.state != rules.SUCCEEDED:
        raise RunHasNoFile(run.state)
    return run


async def page(
    session: AsyncSession,
    sight: Sight,
    *,
    cursors: Cursors,
    clock: Clock,
    limit: int,
    cursor: str | None,
) -> Page[RunOut]:
    """Runs, newest first."""
    about = {"list": "runs", "org": sight.org_id}
    before = cursors.decode(about, cursor)[0] if cursor else None
    found = await repository.page(session, sight, clock.now(), before, limit + 1)
    items = [out(run) for run in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next=cursors.encode(about, [items[-1].id]) if more else None)


async def create(
    session: AsyncSession, change: Change, settings: ReportingSettings, body: ReadingsIn | EventsIn
) -> ReportRun:
    """A new run, and its job in the same transaction. Raises what an export raises, and
    `TooManyRuns`.
    """
    org_id, sight = change.origin.org_id, change.principal.sight
    await exports.look_up(session, sight, body.devices, body.start, body.end)
    exports.columns(body.metrics if isinstance(body, ReadingsIn) else body.fields)
    # Requests at the same time do not see each other's: there may be as many more as there are
    # connections, for each holds one from here to its commit.
    there = await repository.open_runs(session, org_id)
    if there >= settings.runs_each:
        raise TooManyRuns(settings.runs_each)
    run = _new(change, body)
    session.add(run)
    groups = None if sight.groups is None else sorted(sight.groups)
    payload = {"org": org_id, "run": run.public_id, "file": run.file_key, "groups": groups}
    turn = rules.turn(change.now, there, settings.runs_each)
    await enqueue(session, QUEUE, run.public_id, payload, now=change.now, run_after=turn)
    change.wake(QUEUE)
    audit.record(
        session,
        change.origin,
        "run.create",
        run.public_id,
        at=change.now,
        after={"kind": run.kind, **run.parameters},
    )
    return run


async def delete(
    session: AsyncSession, change: Change, settings: ReportingSettings, public_id: str
) -> None:
    """Cancel a run, or remove one that has ended: then its file goes. Raises `NoSuchRun`."""
    now = change.now
    run = await repository.find(session, change.principal.sight, public_id, now, lock=True)
    if run is None:
        raise NoSuchRun(public_id)
    before = run.state
    if before in rules.OPEN:
        run.state, run.finished_at = rules.CANCELLED, now
        run.expires_at = now + timedelta(days=settings.run_days)
        await repository.drop_job(session, public_id)
    else:
        run.expires_at = now
    action = "run.cancel" if before in rules.OPEN else "run.delete"
    audit.record(session, change.origin, action, public_id, at=now, before={"state": before})
    await session.flush()


def out(run: ReportRun) -> RunOut:
    """A run as it is shown."""
    same = ("kind", "state", "parameters", "progress", "size", "error")
    times = ("created_at", "started_at", "finished_at", "expires_at")
    file = f"/v1/runs/{run.public_id}/file" if run.state == rules.SUCCEEDED else None
    facts = {name: getattr(run, name) for name in (*same, *times)}
    return RunOut.model_validate({**facts, "id": run.public_id, "file": file})


def _new(change: Change, body: ReadingsIn | EventsIn) -> ReportRun:
    public_id = new_id("run")
    return ReportRun(
        public_id=public_id,
        org_id=change.origin.org_id,
        kind=body.kind,
        parameters=body.model_dump(mode="json", exclude={"kind"}, exclude_unset=True),
        state=rules.QUEUED,
        sight=rules.sight_key(change.principal.groups),
        file_key=rules.file_key(change.principal.org_public_id, public_id),
        created_at=change.now,
    )

"""`/v1/runs`."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from apps.reporting.dependencies import (
    DownloadSlots,
    KeepingOf,
    ReadingsReader,
    RunsChange,
    SettingsOf,
    StorageOf,
)
from apps.reporting.runs import rules, service
from apps.reporting.runs.making import CONTENT_TYPE
from apps.reporting.runs.schemas import RunIn, RunOut, RunsQuery
from shared.web.dependencies import (
    ClockOf,
    CursorsOf,
    ReadSession,
    ServicesOf,
    WriteSession,
    after_commit,
    fresh,
)
from shared.web.openapi import NOT_FRESH, failures
from shared.web.paths import public_id
from shared.web.schemas import Page
from shared.web.streaming import BoundedStream
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/runs", tags=["runs"])

Id = Annotated[str, public_id("a run", "run")]
GONE = {404: "There is no such run in this organisation."}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as CSV (RFC 4180).",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


@router.post(
    "",
    status_code=202,
    summary="Ask for an export in the background",
    responses=failures(
        {
            404: "There is no such device in this organisation.",
            429: "This organisation has as many runs open as it may.",
        }
    ),
)
async def create(
    body: Annotated[RunIn, Body()],
    session: WriteSession,
    change: RunsChange,
    settings: SettingsOf,
    response: Response,
) -> RunOut:
    """The same file as `/v1/exports` streams, made by a worker and kept for some days.

    The run waits for its turn, is made, and then has a file; look at it to see how far it is.
    What was made is begun again if the worker goes away, so a run has one file or none.
    """
    run = await service.create(session, change, settings, body)
    response.headers["Location"] = f"/v1/runs/{run.public_id}"
    return service.out(run)


@router.get("", summary="List runs")
async def list_runs(
    query: Annotated[RunsQuery, Query()],
    principal: ReadingsReader,
    session: ReadSession,
    cursors: CursorsOf,
    clock: ClockOf,
) -> Page[RunOut]:
    """Runs of the organisation that have not expired, newest first."""
    return await service.page(
        session,
        principal.sight,
        cursors=cursors,
        clock=clock,
        limit=query.limit,
        cursor=query.cursor,
    )


@router.get("/{run_id}", summary="Get a run", responses=failures(GONE))
async def get(
    run_id: Id, principal: ReadingsReader, session: ReadSession, clock: ClockOf
) -> RunOut:
    """One run: its state, and how many rows of it are written."""
    return service.out(await service.get(session, principal.sight, run_id, clock))


@router.get(
    "/{run_id}/file",
    summary="Download the file of a run",
    response_class=Response,
    responses={
        **FILE,
        **failures(
            {
                **GONE,
                409: "The run has not succeeded, so it has no file.",
                429: "This organisation has as many downloads open as it may.",
                503: "This process has as many downloads open as it takes.",
            }
        ),
    },
)
async def download(
    *,
    run_id: Id,
    principal: ReadingsReader,
    services: ServicesOf,
    settings: SettingsOf,
    storage: StorageOf,
    slots: DownloadSlots,
) -> Response:
    """The file. One that ends without its last chunk is not whole."""
    org_id = principal.org_id
    # With a session of its own, which is given back before the file is sent.
    async with services.database.read() as session:
        run = await service.with_file(session, principal.sight, run_id, services.clock)
    name = rules.file_name(run.kind, run.created_at)
    return BoundedStream(
        storage.stream(run.file_key),
        slots=slots,
        org_id=org_id,
        stall_s=settings.export_stall_s,
        headers={
            "content-type": CONTENT_TYPE,
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        },
    )


@router.delete(
    "/{run_id}",
    status_code=204,
    summary="Cancel or remove a run",
    dependencies=[Depends(fresh())],
    responses=failures(GONE | NOT_FRESH),
)
async def delete(
    *,
    run_id: Id,
    request: Request,
    session: WriteSession,
    change: RunsChange,
    settings: SettingsOf,
    keeping: KeepingOf,
) -> None:
    """A run that waits or is being made is cancelled; one that has ended goes, with its file."""
    await service.delete(session, change, settings, run_id)
    after_commit(request, keeping.prune)
